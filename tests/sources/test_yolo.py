"""Labels in YOLO's format are converted to VOC's annotations, and errors in them are reported with file and line."""

import os
from pathlib import Path

import pytest

from helpers.making import HEIGHT, WIDTH, encoded, picture
from octet.common.errors import UserError
from octet.recipe.shared.dataset import YoloSet
from octet.sources.packing.tar import write_archive
from octet.sources.packing.yolo import read_yolo_class_names, yolo_members
from octet.sources.reading.archive import Archives
from octet.sources.reading.check import CheckedPicture, check_picture
from octet.sources.voc.annotation import Object

CLASSES = ("cat", "dog")
ALIASES = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 30)) + "names: *a29\n"
DATA_YAML = "path: .\ntrain: images/train\nnames:\n  0: cat\n  1: dog\n"


def make_yolo(folder: Path, labels: dict[str, str], names: str = DATA_YAML) -> tuple[Path, dict[str, YoloSet]]:
    """Write the pictures `a.jpg`, `sub/b.png` and `empty.jpg`, and these label files."""
    for name, content in (
        ("a.jpg", encoded(picture())),
        ("sub/b.png", encoded(picture(), "PNG")),
        ("empty.jpg", encoded(picture())),
    ):
        (folder / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "images" / name).write_bytes(content)
    for name, text in labels.items():
        (folder / "labels" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "labels" / name).write_text(text)
    (folder / "data.yaml").write_text(names)
    return folder / "data.yaml", {"all": YoloSet(pictures=folder / "images", labels=folder / "labels")}


def checked_pictures(archive: Path) -> dict[str, CheckedPicture]:
    with Archives([archive]) as voc:
        return {id: check_picture(voc.entry("YOLO", id), CLASSES) for id in sorted(voc.image_set("YOLO/all"))}


def test_boxes_polygons_and_empty_pictures_are_converted(tmp_path: Path) -> None:
    labels = {
        "a.txt": "1 0.5 0.5 1 1\n\n0 0.4 0.5 0.4 0.5\n",
        "sub/b.txt": "0 0.2 0.25 0.6 0.25 0.4 0.75\n",  # a triangle
        "classes.txt": "cat\ndog\n",  # as labelImg leaves it beside the labels
    }
    write_archive(tmp_path / "yolo.tar", yolo_members(*make_yolo(tmp_path, labels)))
    pictures = checked_pictures(tmp_path / "yolo.tar")
    objects = {id: checked.annotation.objects for id, checked in pictures.items() if checked.annotation}
    assert objects == {
        "a": (Object("dog", (1, 1, WIDTH, HEIGHT)), Object("cat", (11, 11, 30, 30))),
        "empty": (),
        "sub_b": (Object("cat", (11, 11, 30, 30)),),
    }


def test_key_points_are_left_out(tmp_path: Path) -> None:
    """After the box, which else would be the first corners of a polygon."""
    source = make_yolo(tmp_path, {"a.txt": "0 0.4 0.5 0.4 0.5 0.1 0.1 0.9 0.9\n"}, DATA_YAML + "kpt_shape: [2, 2]\n")
    write_archive(tmp_path / "yolo.tar", yolo_members(*source))
    annotation = checked_pictures(tmp_path / "yolo.tar")["a"].annotation
    assert annotation
    assert annotation.objects == (Object("cat", (11, 11, 30, 30)),)


@pytest.mark.parametrize("copy", [".ipynb_checkpoints/a-checkpoint.jpg", "sub/.a.jpg", "a.detected.jpg"])
def test_copies_are_left_out(tmp_path: Path, copy: str) -> None:
    source = make_yolo(tmp_path, {"a.txt": "0 0.4 0.5 0.4 0.5\n"})
    (tmp_path / "images" / copy).parent.mkdir(exist_ok=True)
    (tmp_path / "images" / copy).write_bytes(encoded(picture()))
    write_archive(tmp_path / "yolo.tar", yolo_members(*source))
    assert set(checked_pictures(tmp_path / "yolo.tar")) == {"a", "empty", "sub_b"}


def test_exif_orientation_is_respected(tmp_path: Path) -> None:
    names, sets = make_yolo(tmp_path, {"a.txt": "0 0.5 0.5 1 1\n"})
    (tmp_path / "images" / "a.jpg").write_bytes(encoded(picture(), orientation=6))
    write_archive(tmp_path / "yolo.tar", yolo_members(names, sets))
    annotation = checked_pictures(tmp_path / "yolo.tar")["a"].annotation
    assert annotation
    assert (annotation.width, annotation.height, annotation.objects[0].box) == (HEIGHT, WIDTH, (1, 1, HEIGHT, WIDTH))


def test_problems_that_can_be_skipped_name_file_and_line(tmp_path: Path) -> None:
    labels = {"a.txt": "1 0.5 0.5 1 1\n0 0.9 0.5 0.4 0.5\n0 0.5 0.5 0 0.5\n", "gone.txt": "0 0.5 0.5 0.1 0.1\n"}
    write_archive(tmp_path / "yolo.tar", yolo_members(*make_yolo(tmp_path, labels)))
    (tmp_path / "images/sub/b.png").write_bytes(b"no picture")
    write_archive(
        tmp_path / "broken.tar",
        yolo_members(
            tmp_path / "data.yaml", {"all": YoloSet(pictures=tmp_path / "images", labels=tmp_path / "labels")}
        ),
    )
    problems = [
        str(problem) for picture in checked_pictures(tmp_path / "broken.tar").values() for problem in picture.problems
    ]
    expected = (
        f"{tmp_path}/labels/a.txt: line 3 'cat': zero-size box",
        f"{tmp_path}/labels/a.txt: line 2 'cat': box outside the picture",
        f"{tmp_path}/labels/gone.txt: missing: there is no picture for it",
        f"{tmp_path}/images/sub/b.png: undecodable picture",
    )
    assert len(problems) == len(expected)
    for start, problem in zip(expected, problems, strict=True):
        assert problem.startswith(start)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0 0.5 0.5 0.1", "found 3 numbers after the class; expected CLASS X Y WIDTH HEIGHT"),
        ("0 0.5 0.5 0.1 0.1 0.9", "found 5 numbers after the class"),
        ("0 0.5 0.5 0.1 wide", "found '0 0.5 0.5 0.1 wide'; expected CLASS X Y"),
        ("0 0.5 nan 0.1 0.1", "found '0 0.5 nan 0.1 0.1'; expected shares of the picture's sides, 0 to 1"),
        ("0 120 50 30 30", "found '0 120 50 30 30'; expected shares"),
        ("2 0.5 0.5 0.1 0.1", "found the class '2'; expected 0 to 1"),
        ("cat 0.5 0.5 0.1 0.1", "found the class 'cat'; expected 0 to 1"),
        ("-1 0.5 0.5 0.1 0.1", "found the class '-1'; expected 0 to 1"),
        ("9" * 5_000 + " 0.5 0.5 0.1 0.1", "found the class '99999999999999999999'; expected 0 to 1"),
    ],
)
def test_an_invalid_line_is_reported(tmp_path: Path, line: str, message: str) -> None:
    source = make_yolo(tmp_path, {"a.txt": f"1 0.5 0.5 1 1\n{line}\n"})
    with pytest.raises(UserError) as error:
        list(yolo_members(*source))
    assert f"{tmp_path}/labels/a.txt:2: {message}" in str(error.value)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("names: []", "expected the class names"),
        ("train: images", "expected the class names"),
        ("names: {0: cat, 2: dog}", r"names: found the numbers \[0, 2\], expected 0 to 1"),
        ("names: [cat, cat]", "found the class 'cat'; expected printable names of at most 200 characters that differ"),
        ("names: [cat", "not valid YAML"),
        ("names: [on, off]", "names: found true or false, .*: write in quotes"),
        ("names: {0: cat, a: dog}", r"names: found the numbers \[0, 'a'\], expected 0 to 1"),
        (
            "names: {" + ", ".join(f"{number}: x{number}" for number in range(9, 9_999)) + "}",
            r"\[9, 10, .*\.\.\.\], expected 0 to 9989",
        ),
        ("names: [c\u202eat]", r"found the class 'c\\u202eat'; expected printable names"),
        ("names: [" + "x" * 300 + "]", "expected printable names of at most 200 characters that differ"),
        ("cat", "expected `names`"),
        (ALIASES, "not valid YAML: is more than .* characters long with its aliases written out"),
        ("nc: " + "5" * 5_000, "not valid YAML: found a number of 5,000 digits"),
        ("#" * (1 << 21), "has more than 1,048,576 bytes"),
    ],
)
def test_invalid_class_names_are_reported(tmp_path: Path, names: str, message: str) -> None:
    source = make_yolo(tmp_path, {"a.txt": "0 0.5 0.5 1 1\n"}, names)
    with pytest.raises(UserError, match=message):
        list(yolo_members(*source))


def test_many_class_names_are_read_at_once(tmp_path: Path) -> None:
    names = [f"class {number}" for number in range(30_000)]
    (tmp_path / "classes.txt").write_text("\n".join(names))
    assert read_yolo_class_names(tmp_path / "classes.txt") == names


def test_an_empty_line_among_class_names_is_refused(tmp_path: Path) -> None:
    """It has a number, so that all after it would be one too low without it."""
    (tmp_path / "classes.txt").write_text("cat\n\ndog\n\n")
    with pytest.raises(UserError, match="found the class ''; expected printable names"):
        read_yolo_class_names(tmp_path / "classes.txt")


def test_a_file_without_an_end_is_refused(tmp_path: Path) -> None:
    names, sets = make_yolo(tmp_path, {"a.txt": "0 0.5 0.5 1 1\n"})
    for name, told in (("huge.jpg", "has more than 134,217,728 bytes"), ("huge.txt", "has more than 1,048,576 bytes")):
        folder = tmp_path / ("images" if name.endswith("jpg") else "labels")
        with (folder / name).open("wb") as file:
            file.truncate(1 << 40)
        with pytest.raises(UserError, match=rf"{name}: {told}"):
            list(yolo_members(names, sets))
        (folder / name).unlink()
    for place in ("images/pipe.jpg", "labels/pipe.txt"):  # not a file, so none of the data
        os.mkfifo(tmp_path / place)
    (tmp_path / "images/zero.jpg").symlink_to("/dev/zero")
    (tmp_path / "images/gone.jpg").symlink_to("nowhere")
    (tmp_path / "images/again").symlink_to(tmp_path / "images")
    assert len(list(yolo_members(names, sets))) == 7
    names.unlink()
    os.mkfifo(names)
    with pytest.raises(UserError, match=r"data\.yaml: is a pipe or a device"):
        list(yolo_members(names, sets))


def test_labels_without_pictures_are_reported(tmp_path: Path) -> None:
    source = make_yolo(tmp_path, {"1.txt": "0 0.5 0.5 1 1\n"})
    with pytest.raises(UserError, match=r"labels: no label file belongs to a picture; expected a\.txt for a"):
        list(yolo_members(*source))
