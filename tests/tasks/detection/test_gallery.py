"""The gallery shows typical pictures and hard ones."""

import io

import numpy as np
from PIL import Image

from octet.tasks.detection.metric.average_precision import Objects
from octet.tasks.detection.metric.detections import Detections
from octet.tasks.detection.showing.errors import classify_errors
from octet.tasks.detection.showing.gallery import (
    TRUTH,
    DiagnosedDetections,
    Exhibit,
    choose_pictures,
    count_errors,
    make_montage,
)

PICTURES = 8
BOX = (0.0, 0.0, 10.0, 10.0)


def objects() -> Objects:
    """An object in each picture but the last."""
    count = PICTURES - 1
    boxes = np.array([BOX] * count)
    return Objects(np.arange(count), np.zeros(count, int), np.zeros(count, bool), boxes, PICTURES)


def detected_in(*pictures: int) -> DiagnosedDetections:
    """Detections of the object in these pictures, and no others."""
    boxes = np.array([BOX] * len(pictures))
    detections = Detections(np.array(pictures), np.zeros(len(pictures), int), np.full(len(pictures), 0.9), boxes)
    return DiagnosedDetections(detections, classify_errors(detections, objects(), 1))


def test_errors_are_counted_by_picture() -> None:
    assert count_errors(detected_in(0, 1, 2, 7), objects()).tolist() == [0, 0, 0, 1, 1, 1, 1, 1]


def test_half_typical_half_hard_and_none_twice() -> None:
    chosen = choose_pictures(detected_in(0, 1, 2, 5), objects(), 4)
    assert [picture.kind for picture in chosen] == ["typical", "typical", "hard", "hard"]
    assert [picture.index for picture in chosen if picture.kind == "hard"] == [3, 4]
    assert len({picture.index for picture in chosen}) == 4
    assert PICTURES - 1 not in [picture.index for picture in chosen if picture.kind == "typical"]  # it has no object


def test_fewer_pictures_than_asked_for() -> None:
    assert len(choose_pictures(detected_in(0), objects(), 20)) == PICTURES
    assert choose_pictures(detected_in(0), objects(), 0) == []


def jpeg(width: int, height: int, colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "JPEG")
    return file.getvalue()


def test_a_montage_has_ground_truth_above_detections() -> None:
    exhibits = [Exhibit("one", {TRUTH: jpeg(480, 300, "red"), "uint8": jpeg(480, 300, "blue")})] * 3
    whole = np.asarray(Image.open(io.BytesIO(make_montage(exhibits, "uint8"))))
    height, width, _ = whole.shape
    assert width > height
    above, below = whole[height // 4, width // 2], whole[3 * height // 4, width // 2]
    assert above[0] > 200 > 60 > above[2]
    assert below[2] > 200 > 60 > below[0]
