"""The gallery shows typical pictures and hard ones."""

import io

import numpy as np
from PIL import Image

from octet.reporting.gallery import Exhibit, Gallery, Mark
from octet.tasks.detection.metric.average_precision import Objects
from octet.tasks.detection.metric.detections import Detections
from octet.tasks.detection.metric.truths import Truth
from octet.tasks.detection.showing.errors import classify_errors
from octet.tasks.detection.showing.gallery import (
    COLOURS,
    TRUTH,
    ChosenPicture,
    DiagnosedDetections,
    choose_pictures,
    count_errors,
    make_exhibit,
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
    assert [picture.kind for picture in chosen] == ["typical", "hard", "typical", "hard"]
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


def exhibit(*detected: Mark) -> Exhibit:
    """A red picture with one object, and these detections of it."""
    return Exhibit("one", jpeg(480, 300, "red"), (96, 60), {TRUTH: [Mark("star", "right", box=BOX)], "uint8": detected})


def has(colour: tuple[int, int, int], tile: np.ndarray) -> bool:
    return bool((np.abs(tile.astype(int) - colour).max(axis=-1) < 60).any())


def test_a_montage_has_ground_truth_above_detections_and_marks_what_is_missed() -> None:
    sure, unsure = (Mark("star", "right", score, BOX, truth=0) for score in (0.9, 0.3))
    for detected, above, below in ((sure, "right", True), (unsure, "missed", False)):
        whole = np.asarray(Image.open(io.BytesIO(make_montage([exhibit(detected)], "uint8", 0.5))))
        half = len(whole) // 2
        assert has(COLOURS[above], whole[:half])
        assert has(COLOURS["right"], whole[half:]) == below


def test_marks_know_their_object_and_their_scale() -> None:
    truth = Truth(
        "7", 200, 100, np.zeros((1, 4), np.float32), np.zeros(1, np.int64), np.zeros(1, bool)
    )  # the boxes come from the objects
    made = make_exhibit(
        ChosenPicture(1, "hard"), jpeg(200, 100, "red"), truth, objects(), {"uint8": detected_in(0, 1)}, ["star"]
    )
    assert made.size == (200, 100)
    (there,), (found,) = made.marks[TRUTH], made.marks["uint8"]
    assert (there.label, there.box) == ("star", BOX)
    assert (found.kind, found.score, found.truth) == ("right", 0.9, 0)


def test_the_page_holds_no_detections_that_no_score_can_show() -> None:
    faint, clear = (Mark("star", "background", score, BOX) for score in (0.01, 0.9))
    (picture,) = Gallery([exhibit(faint, clear)], COLOURS, 0.5).content()["pictures"]
    assert [mark["score"] for mark in picture["marks"]["uint8"]] == [0.9]
