"""YOLO's labels arrive as VOC's, and what makes no sense in them is named with file and line."""

from pathlib import Path

import pytest

from helpers.making import HEIGHT, WIDTH, encoded, picture
from octet.common.errors import UserError
from octet.recipe.shared.dataset import YoloSet
from octet.sources.packing import yolo
from octet.sources.packing.tar import write_archive
from octet.sources.reading.archive import Archives
from octet.sources.reading.check import Checked, check
from octet.sources.voc.annotation import Object

CLASSES = ("cat", "dog")
DATA_YAML = "path: .\ntrain: images/train\nnames:\n  0: cat\n  1: dog\n"


def make_yolo(folder: Path, labels: dict[str, str], names: str = DATA_YAML) -> tuple[Path, dict[str, YoloSet]]:
    """Pictures `a.jpg`, `sub/b.png` and `empty.jpg`, and the label files."""
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


def checked(archive: Path) -> dict[str, Checked]:
    with Archives([archive]) as voc:
        return {id: check(voc.entry("YOLO", id), CLASSES) for id in voc.image_set("YOLO/all")}


def test_boxes_polygons_and_empty_pictures_arrive(tmp_path: Path) -> None:
    labels = {
        "a.txt": "1 0.5 0.5 1 1\n\n0 0.4 0.5 0.4 0.5\n",
        "sub/b.txt": "0 0.2 0.25 0.6 0.25 0.4 0.75\n",  # a triangle
        "classes.txt": "cat\ndog\n",  # as labelImg leaves it beside the labels
    }
    write_archive(tmp_path / "yolo.tar", yolo.archive_files(*make_yolo(tmp_path, labels)))
    pictures = checked(tmp_path / "yolo.tar")
    found = {id: one.annotation.objects for id, one in pictures.items() if one.annotation}
    assert found == {
        "a": (Object("dog", (1, 1, WIDTH, HEIGHT)), Object("cat", (11, 11, 30, 30))),
        "empty": (),
        "sub_b": (Object("cat", (11, 11, 30, 30)),),
    }


def test_a_camera_on_its_side_is_heeded(tmp_path: Path) -> None:
    names, sets = make_yolo(tmp_path, {"a.txt": "0 0.5 0.5 1 1\n"})
    (tmp_path / "images" / "a.jpg").write_bytes(encoded(picture(), orientation=6))
    write_archive(tmp_path / "yolo.tar", yolo.archive_files(names, sets))
    annotation = checked(tmp_path / "yolo.tar")["a"].annotation
    assert annotation
    assert (annotation.width, annotation.height, annotation.objects[0].box) == (HEIGHT, WIDTH, (1, 1, HEIGHT, WIDTH))


def test_flaws_that_can_be_skipped_name_file_and_line(tmp_path: Path) -> None:
    labels = {"a.txt": "1 0.5 0.5 1 1\n0 0.9 0.5 0.4 0.5\n0 0.5 0.5 0 0.5\n", "gone.txt": "0 0.5 0.5 0.1 0.1\n"}
    write_archive(tmp_path / "yolo.tar", yolo.archive_files(*make_yolo(tmp_path, labels)))
    (tmp_path / "images/sub/b.png").write_bytes(b"no picture")
    write_archive(
        tmp_path / "broken.tar",
        yolo.archive_files(
            tmp_path / "data.yaml", {"all": YoloSet(pictures=tmp_path / "images", labels=tmp_path / "labels")}
        ),
    )
    problems = [str(problem) for one in checked(tmp_path / "broken.tar").values() for problem in one.problems]
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
    ],
)
def test_a_line_that_makes_no_sense_is_named(tmp_path: Path, line: str, message: str) -> None:
    source = make_yolo(tmp_path, {"a.txt": f"1 0.5 0.5 1 1\n{line}\n"})
    with pytest.raises(UserError) as error:
        list(yolo.archive_files(*source))
    assert f"{tmp_path}/labels/a.txt:2: {message}" in str(error.value)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("names: []", "expected the classes' names"),
        ("train: images", "expected the classes' names"),
        ("names: {0: cat, 2: dog}", r"names: found the numbers \[0, 2\], expected 0 to 1"),
        ("names: [cat, cat]", "found the class 'cat'; expected printable names that differ"),
        ("names: [cat", "not valid YAML"),
        ("cat", "expected `names`"),
        ("#" * (1 << 21), "bytes, expected at most"),
    ],
)
def test_names_that_make_no_sense_are_named(tmp_path: Path, names: str, message: str) -> None:
    source = make_yolo(tmp_path, {"a.txt": "0 0.5 0.5 1 1\n"}, names)
    with pytest.raises(UserError, match=message):
        list(yolo.archive_files(*source))


def test_labels_that_belong_to_no_picture_are_named(tmp_path: Path) -> None:
    source = make_yolo(tmp_path, {"1.txt": "0 0.5 0.5 1 1\n"})
    with pytest.raises(UserError, match=r"labels: no label file belongs to a picture; expected a\.txt for a"):
        list(yolo.archive_files(*source))
