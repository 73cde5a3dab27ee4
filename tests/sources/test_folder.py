"""A folder of pictures and XML files is packed once, whatever else lies in it."""

import os
from pathlib import Path

import pytest

from helpers.making import CAT, annotation, encoded, picture
from octet.common.errors import UserError
from octet.recipe.shared.dataset import Folder
from octet.sources.packing.folder import folder_members


def make_folder(folder: Path) -> Folder:
    for name, content in (("JPEGImages/1.jpg", encoded(picture())), ("Annotations/1.xml", annotation(CAT))):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(content)
    return Folder(kind="folder", path=folder)


def test_drawn_copies_are_left_out(tmp_path: Path) -> None:
    source = make_folder(tmp_path / "set")
    (tmp_path / "set/JPEGImages/1.detected.jpg").write_bytes(encoded(picture()))
    names = [member.name for member in folder_members(source)]
    assert names == ["VOCdevkit/set/Annotations/1.xml", "VOCdevkit/set/JPEGImages/1.jpg"]


def test_links_in_circles_and_what_is_no_file_are_passed_over(tmp_path: Path) -> None:
    source = make_folder(tmp_path / "set")
    for name, target in (("again", "."), ("up", ".."), ("gone", "nowhere"), ("JPEGImages/zero.jpg", "/dev/zero")):
        (tmp_path / "set" / name).symlink_to(target)
    os.mkfifo(tmp_path / "set/JPEGImages/pipe.jpg")
    names = [member.name for member in folder_members(source)]
    assert names == ["VOCdevkit/set/Annotations/1.xml", "VOCdevkit/set/JPEGImages/1.jpg"]


@pytest.mark.parametrize(("name", "limit"), [("JPEGImages/2.jpg", "134,217,728"), ("Annotations/2.xml", "1,048,576")])
def test_a_file_without_an_end_is_refused(tmp_path: Path, name: str, limit: str) -> None:
    source = make_folder(tmp_path / "set")
    with (tmp_path / "set" / name).open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(UserError, match=rf"{name}: has more than {limit} bytes"):
        list(folder_members(source))
