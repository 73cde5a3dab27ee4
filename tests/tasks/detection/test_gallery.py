"""The gallery shows what is typical and what is hard."""

import io

import numpy as np
from PIL import Image

from octet.tasks.detection.metric.average_precision import Objects
from octet.tasks.detection.metric.detections import Detections
from octet.tasks.detection.showing.errors import diagnose
from octet.tasks.detection.showing.gallery import TRUTH, Exhibit, Judged, choose, errors_of, montage

PICTURES = 8
BOX = (0.0, 0.0, 10.0, 10.0)


def objects() -> Objects:
    """One in each picture but the last."""
    count = PICTURES - 1
    boxes = np.array([BOX] * count)
    return Objects(np.arange(count), np.zeros(count, int), np.zeros(count, bool), boxes, PICTURES)


def found(*pictures: int) -> Judged:
    """The object, and only it, in these pictures."""
    boxes = np.array([BOX] * len(pictures))
    detections = Detections(np.array(pictures), np.zeros(len(pictures), int), np.full(len(pictures), 0.9), boxes)
    return Judged(detections, diagnose(detections, objects(), 1))


def test_errors_are_counted_by_picture() -> None:
    assert errors_of(found(0, 1, 2, 7), objects()).tolist() == [0, 0, 0, 1, 1, 1, 1, 1]


def test_half_typical_half_hard_and_none_twice() -> None:
    chosen = choose(found(0, 1, 2, 5), objects(), 4)
    assert [of.kind for of in chosen] == ["typical", "typical", "hard", "hard"]
    assert [of.index for of in chosen if of.kind == "hard"] == [3, 4]
    assert len({of.index for of in chosen}) == 4
    assert PICTURES - 1 not in [of.index for of in chosen if of.kind == "typical"]  # there is nothing to be seen


def test_fewer_pictures_than_asked_for() -> None:
    assert len(choose(found(0), objects(), 20)) == PICTURES
    assert choose(found(0), objects(), 0) == []


def jpeg(width: int, height: int, colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "JPEG")
    return file.getvalue()


def test_a_montage_has_what_there_is_above_what_was_found() -> None:
    exhibits = [Exhibit("one", {TRUTH: jpeg(480, 300, "red"), "uint8": jpeg(480, 300, "blue")})] * 3
    whole = np.asarray(Image.open(io.BytesIO(montage(exhibits, "uint8"))))
    height, width, _ = whole.shape
    assert width > height
    above, below = whole[height // 4, width // 2], whole[3 * height // 4, width // 2]
    assert above[0] > 200 > 60 > above[2]
    assert below[2] > 200 > 60 > below[0]
