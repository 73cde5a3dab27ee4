"""The local files of a recipe are listed, and a change in them is detected."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from octet.common.errors import UserError
from octet.fetching.own import fingerprint, local_paths
from octet.recipe.detection import Dataset

UNKNOWN = {"name": "a.tar", "bytes": None, "sha256": None}


def dataset(source: dict[str, object], pretrained: object = None) -> Dataset:
    splits = {"train": ["a/*"], "val": 0.1, "test": 0.1}
    others = {"splits": splits, "classes": "found", "on_bad": "error", "shards": 1}
    return Dataset.model_validate({"source": source, "pretrained": pretrained, **others})


def archive(*sources: str, sha256: str | None = None) -> dict[str, object]:
    return {"kind": "voc", "archives": [{**UNKNOWN, "sha256": sha256, "sources": list(sources)}]}


@pytest.mark.parametrize(
    ("source", "paths"),
    [
        ({"kind": "folder", "path": "../photos"}, ["../photos"]),
        ({"kind": "coco", "sets": {"x": {"instances": "i.json", "pictures": "p"}}}, ["i.json", "p"]),
        (archive("https://example.org/a.tar", "a.tar", "file:///b%20c.tar"), ["a.tar", "/b c.tar"]),
        (archive("a.tar", sha256="0" * 64), []),
    ],
)
def test_the_local_files_of_a_recipe_are_listed(source: dict[str, object], paths: list[str]) -> None:
    weights = {**UNKNOWN, "name": "w.h5", "sources": ["w.h5"]}
    assert local_paths(dataset(source)) == [Path(path) for path in paths]
    assert Path("w.h5") in local_paths(dataset(source, weights))


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file is written": lambda folder: (folder / "a/1.xml").write_text("other"),
    "a file is added": lambda folder: (folder / "a/2.xml").touch(),
    "a file is deleted": lambda folder: (folder / "a/1.xml").unlink(),
    "a file is renamed": lambda folder: (folder / "a/1.xml").rename(folder / "a/3.xml"),
    "a file changes but not its time": lambda folder: write_with_the_same_time(folder / "a/1.xml"),
    "a file behind a link is written": lambda folder: (folder.parent / "elsewhere/9.xml").write_text("other"),
}


def write_with_the_same_time(file: Path) -> None:
    state = file.stat()
    file.write_text("XML1")
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_detected(tmp_path: Path, change: str) -> None:
    folder = tmp_path / "photos"
    (folder / "a").mkdir(parents=True)
    (folder / "a/1.xml").write_text("xml1")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/9.xml").write_text("xml9")
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "again").symlink_to(folder)
    (folder / "nowhere").symlink_to(tmp_path / "gone")
    Path(os.fsdecode(bytes(folder) + b"/caf\xe9.jpg")).touch()
    before = fingerprint([folder])
    assert fingerprint([folder]) == before
    CHANGES[change](folder)
    assert fingerprint([folder]) != before


def test_pipes_and_devices_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    before = fingerprint([tmp_path])
    (tmp_path / "zero").symlink_to("/dev/zero")
    assert fingerprint([tmp_path]) != before


@pytest.mark.parametrize("around", [0, -1])
def test_a_link_to_a_folder_around_is_refused(tmp_path: Path, around: int) -> None:
    (tmp_path / "photos/a").mkdir(parents=True)
    (tmp_path / "photos/a/link").symlink_to((tmp_path / "photos").parents[around])
    with pytest.raises(UserError, match=r"photos/a/link: is a link to .*, which holds .*photos itself; remove it"):
        fingerprint([tmp_path / "photos"])


def test_files_without_an_end_are_refused(tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / f"{number}.jpg").touch()
    assert fingerprint([tmp_path], most=10) == fingerprint([tmp_path])  # the folder is one, too
    with pytest.raises(UserError, match=f"{tmp_path}: has more than 9 files and folders"):
        fingerprint([tmp_path], most=9)
