"""The rendered set has VOC's layout, depends only on its seed, and cannot be classified by colour."""

import hashlib
import io
import tarfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from octet.sources.packing import shapes
from octet.sources.packing.tar import write_archive
from octet.sources.reading.archive import Archives
from octet.sources.reading.check import check_picture
from octet.sources.voc.annotation import Annotation, parse_annotation, serialize_annotation

COUNTS = {"train": 20, "val": 3, "test": 5}


def render(count: int, seed: int = 11) -> list[tuple[Any, Annotation]]:
    rendered = [shapes.render_picture(seed, 128, f"{number:06d}") for number in range(1, count + 1)]
    return [
        (cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), annotation) for jpeg, annotation in rendered
    ]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "shapes.tar"
    write_archive(path, shapes.shapes_members(3, COUNTS, 128))
    return path


def test_the_seed_determines_every_byte(archive: Path, tmp_path: Path) -> None:
    again, other = tmp_path / "again.tar", tmp_path / "other.tar"
    write_archive(again, shapes.shapes_members(3, COUNTS, 128))
    write_archive(other, shapes.shapes_members(4, COUNTS, 128))
    digests = [hashlib.sha256(path.read_bytes()).digest() for path in (archive, again, other)]
    assert digests[0] == digests[1] != digests[2]


def test_the_layout_is_vocs(archive: Path) -> None:
    with tarfile.open(archive) as tar:
        folders = {member.name.rpartition("/")[0] for member in tar}
        names = {Path(member.name).stem for member in tar if "Annotations" in member.name}
        pictures = {Path(member.name).stem for member in tar if "JPEGImages" in member.name}
    root = "VOCdevkit/SHAPES"
    assert folders == {f"{root}/Annotations", f"{root}/ImageSets/Main", f"{root}/JPEGImages"}
    assert names == pictures
    with Archives([archive]) as voc:
        ids = [id for split in COUNTS for id in voc.image_set(f"SHAPES/{split}")]
        assert sorted(ids) == sorted(names)
        assert len(ids) == len(set(ids)) == sum(COUNTS.values())
        for id in ids:
            checked = check_picture(voc.entry("SHAPES", id), shapes.CLASSES)
            assert checked.annotation
            assert (checked.repairs, checked.problems) == ((), ())


def test_the_objects_of_pictures() -> None:
    rendered = [annotation for _, annotation in render(150)]
    objects = [obj for annotation in rendered for obj in annotation.objects]
    assert {len(annotation.objects) for annotation in rendered} <= set(range(1, 7))
    assert {obj.name for obj in objects} == set(shapes.CLASSES)
    assert 0.1 < np.mean([obj.truncated for obj in objects]) < 0.7
    assert 0.0 < np.mean([obj.difficult for obj in objects]) < 0.3
    assert len({(annotation.width > annotation.height) for annotation in rendered}) == 2
    for annotation in rendered:
        for obj in annotation.objects:
            xmin, ymin, xmax, ymax = obj.box
            assert 1 <= xmin < xmax <= annotation.width
            assert 1 <= ymin < ymax <= annotation.height


def test_mean_colour_does_not_reveal_the_class() -> None:
    """A nearest-neighbour classifier of the mean colour in each box is not better than guessing."""
    colours, names = [], []
    for picture, annotation in render(300):
        for obj in annotation.objects:
            xmin, ymin, xmax, ymax = (int(side) for side in obj.box)
            colours.append(picture[ymin - 1 : ymax, xmin - 1 : xmax].mean(axis=(0, 1)))
            names.append(obj.name)
    x, y = np.array(colours), np.array(names)
    half = len(x) // 2
    distance = ((x[half:, None] - x[None, :half]) ** 2).sum(axis=2)
    votes = y[np.argsort(distance, axis=1)[:, :15]]
    guesses = [max(set(row), key=list(row).count) for row in votes]
    assert np.mean(np.array(guesses) == y[half:]) < 0.3  # of six classes


def test_annotations_survive_writing_and_reading() -> None:
    for _, annotation in render(5):
        assert parse_annotation(serialize_annotation(annotation), annotation.id, annotation.folder, "x.xml") == (
            annotation,
            [],
        )


def test_members_have_no_time_and_no_owner(archive: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive.read_bytes())) as tar:
        assert {(member.mtime, member.uid, member.gid, member.uname) for member in tar} == {(0, 0, 0, "")}
