"""Class folders are packed and read as they lie; what cannot be used is told with its file and its class."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from octet.common.errors import UserError
from octet.recipe.shared.dataset import Splits
from octet.sources.packing.class_folders import class_folder_members
from octet.sources.packing.tar import PackedFile, write_archive
from octet.sources.reading.class_folders import ClassFolders, ClassPicture

JPEG = b"jpeg"


def splits(train: list[str], val: object = 0.2, test: object = 0.2) -> Splits:
    return Splits.model_validate({"train": train, "val": val, "test": test})


def make_tar(path: Path, *names: str) -> Path:
    write_archive(path, [PackedFile(name, b"" if name.endswith("/") else JPEG) for name in names])
    return path


def ids(assigned: dict[str, list[ClassPicture]]) -> dict[str, list[str]]:
    return {split: [picture.id for picture in pictures] for split, pictures in assigned.items()}


@pytest.mark.parametrize("prefix", ["", "./", "some/where/"])
def test_the_folders_of_splits_are_image_sets_and_those_in_them_classes(tmp_path: Path, prefix: str) -> None:
    names = [f"flowers/{split}/{name}/1.jpg" for split in ("train", "val", "test") for name in ("daisy", "rose")]
    sets = [prefix.removeprefix("./") + f"flowers/{split}" for split in ("train", "val", "test")]
    with ClassFolders([make_tar(tmp_path / "a.tar", *(prefix + name for name in names))]) as folders:
        assigned, problems = folders.assign(splits([sets[0]], [sets[1]], [sets[2]]))
    assert {name: sorted(found) for name, found in ids(assigned).items()} == {
        name: [f"{image_set}/daisy/1.jpg", f"{image_set}/rose/1.jpg"]
        for name, image_set in zip(("train", "val", "test"), sets, strict=True)
    }
    assert {picture.id.split("/")[-2]: picture.class_name for picture in assigned["test"]} == {
        "daisy": "daisy",
        "rose": "rose",
    }
    assert problems == []


def test_without_a_folder_above_the_classes_the_archive_names_the_set(tmp_path: Path) -> None:
    with ClassFolders([make_tar(tmp_path / "mine.tar", "cat/", "cat/1.jpg", "./dog/2.PNG")]) as folders:
        assert folders.image_sets == ["mine"]
        assigned, problems = folders.assign(splits(["mine"], 1e-9, 1e-9))
    assert sorted(ids(assigned)["train"]) == ["mine/cat/1.jpg", "mine/dog/2.PNG"]
    assert problems == []


def test_the_first_pictures_are_of_all_classes(tmp_path: Path) -> None:
    """Calibration takes the first so many: of one class alone, they would say nothing about the others."""
    names = [f"photos/{name}/{number:03d}.jpg" for name in ("cat", "dog", "emu", "fox") for number in range(100)]
    with ClassFolders([make_tar(tmp_path / "a.tar", *names)]) as folders:
        assigned, _ = folders.assign(splits(["photos"], 1e-9, 1e-9))
    first = [picture.class_name for picture in assigned["train"][:100]]
    assert all(10 < first.count(name) < 40 for name in ("cat", "dog", "emu", "fox"))


def test_a_folder_that_is_named_like_its_archive_is_no_empty_class(tmp_path: Path) -> None:
    with ClassFolders(
        [make_tar(tmp_path / "mine.tar", "mine/", "mine/cat/", "mine/cat/1.jpg", "mine/dog/")]
    ) as folders:
        _, problems = folders.assign(splits(["mine"]))
    assert [(problem.file, problem.kind) for problem in problems] == [("mine/dog", "empty class")]


def test_the_same_pictures_are_held_out_wherever_their_folder_lies(tmp_path: Path) -> None:
    held_out = []
    for top in ("photos", "elsewhere/pictures"):
        names = [f"{top}/{name}/{number}.jpg" for name in ("cat", "dog") for number in range(200)]
        with ClassFolders([make_tar(tmp_path / "a.tar", *names)]) as folders:
            assigned, _ = folders.assign(splits([top]))
        assert sum(map(len, assigned.values())) == 400
        assert all(50 < len(assigned[split]) < 110 for split in ("val", "test"))
        held_out.append([[id.removeprefix(top) for id in ids(assigned)[split]] for split in ("val", "test")])
    assert held_out[0] == held_out[1]


def test_what_cannot_be_used_is_told(tmp_path: Path) -> None:
    names = [
        "set/cat/1.jpg",
        "set/cat/notes.txt",
        "set/cat/more/2.jpg",
        "set/3.jpg",
        "set/README.md",
        "set/fox/",
        "set/cat/.hidden.jpg",
        "__MACOSX/set/cat/1.jpg",
        "other/cat/notes.txt",
    ]
    with ClassFolders([make_tar(tmp_path / "a.tar", *names)]) as folders:
        assigned, problems = folders.assign(splits(["set"], 1e-9, 1e-9))
    assert ids(assigned)["train"] == ["set/cat/1.jpg"]
    assert {(problem.file, problem.field, problem.kind) for problem in problems} == {
        ("set/cat/notes.txt", "class 'cat'", "not a picture"),
        ("set/cat/more/2.jpg", "", "too deep"),
        ("set/3.jpg", "", "no class"),
        ("set/fox", "", "empty class"),
    }


def test_a_picture_in_two_archives_is_told(tmp_path: Path) -> None:
    paths = [make_tar(tmp_path / f"{name}.tar", "set/cat/1.jpg") for name in "ab"]
    with ClassFolders(paths) as folders:
        assigned, problems = folders.assign(splits(["set"], 1e-9, 1e-9))
    assert ids(assigned)["train"] == ["set/cat/1.jpg"]
    assert [problem.kind for problem in problems] == ["duplicate id"]


def test_an_unknown_image_set_is_refused_with_the_known_names(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", "set/train/cat/1.jpg", "set/test/cat/1.jpg")
    with (
        ClassFolders([path]) as folders,
        pytest.raises(UserError, match=r"'set' is in no archive: .*; there are: set/test, set/train"),
    ):
        folders.assign(splits(["set"]))


def test_an_image_set_serves_one_split(tmp_path: Path) -> None:
    with (
        ClassFolders([make_tar(tmp_path / "a.tar", "set/cat/1.jpg")]) as folders,
        pytest.raises(UserError, match="'set' is used for test and for train"),
    ):
        folders.assign(splits(["set"], 0.2, ["set"]))


@pytest.mark.parametrize(
    ("name", "fields", "kind"),
    [
        ("/etc/set/cat/1.jpg", {}, "hostile name"),
        ("set/../../cat/1.jpg", {}, "hostile name"),
        ("set/cat/a\u202eb.jpg", {}, "unreadable name"),
        ("set/cat/1.jpg", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}, "not a plain file"),
        ("set/cat/1.jpg", {"type": tarfile.LNKTYPE, "linkname": "set/cat/0.jpg"}, "not a plain file"),
        ("set/cat/1.jpg", {"type": tarfile.FIFOTYPE}, "not a plain file"),
        ("set/cat/1.jpg", {"size": (1 << 27) + 1}, "absurd size"),
    ],
)
def test_a_dangerous_member_is_told_and_not_read(
    tmp_path: Path, name: str, fields: dict[str, object], kind: str
) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as tar:
        tar.addfile(tarfile.TarInfo("set/cat/0.jpg"))
        member = tarfile.TarInfo(name)
        for field, value in fields.items():
            setattr(member, field, value)
        tar.addfile(member, io.BytesIO(bytes(member.size)))
    with ClassFolders([path]) as folders:
        assert [problem.kind for problem in folders.problems] == [kind]
        assigned, _ = folders.assign(splits(["set"], 1e-9, 1e-9))
    assert ids(assigned)["train"] == ["set/cat/0.jpg"]


def test_a_folder_is_packed_with_the_names_of_its_files(tmp_path: Path) -> None:
    top = tmp_path / "photos"
    for name in ("cat/1.jpg", "cat/1.classified.jpg", "cat/.hidden.jpg", "dog/2.png", "dog/notes.txt"):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(JPEG)
    (top / "fox").mkdir()
    for name, target in (("again", "."), ("gone", "nowhere"), ("cat/zero.jpg", "/dev/zero")):
        (top / name).symlink_to(target)
    os.mkfifo(top / "cat/pipe.jpg")
    members = list(class_folder_members(top))
    assert [(member.name, member.content) for member in members] == [
        ("photos/cat/", b""),
        ("photos/cat/1.jpg", JPEG),
        ("photos/dog/", b""),
        ("photos/dog/2.png", JPEG),
        ("photos/dog/notes.txt", b""),
        ("photos/fox/", b""),
    ]
    write_archive(tmp_path / "folder.tar", members)
    with ClassFolders([tmp_path / "folder.tar"]) as folders:
        assigned, problems = folders.assign(splits(["photos"], 1e-9, 1e-9))
    assert [picture.origin for picture in assigned["train"]] == [f"{top}/cat/1.jpg", f"{top}/dog/2.png"]
    assert {(problem.file, problem.kind) for problem in problems} == {
        (f"{top}/dog/notes.txt", "not a picture"),
        ("photos/fox", "empty class"),
    }


def test_a_picture_without_an_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    with (tmp_path / "cat/1.jpg").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(UserError, match=r"cat/1\.jpg: has more than 134,217,728 bytes"):
        list(class_folder_members(tmp_path))
