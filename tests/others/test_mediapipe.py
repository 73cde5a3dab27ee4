"""MediaPipe opens the shipped file by its metadata and finds in it what we find: `make test-others`."""

from pathlib import Path

import numpy as np
import pytest

from conftest import ROOT, detection_recipe
from helpers.mediapipe import ask_mediapipe, enlarged_test_pictures
from octet.tasks.detection.using.part import Finder

MODEL = ROOT / "models" / "quickstart" / "detector_uint8.tflite"
PICTURES = 60
SURE, OVERLAP = 0.3, 0.95
STEP = 6 / 256  # of a score, that one step of the logit before it makes at most
SWAPPED = 0.01  # of what is found

Row = tuple[str, float, float, float, float, float]  # label, score, left, top, right, bottom


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    return enlarged_test_pictures("quickstart", Finder(MODEL).side, PICTURES)


@pytest.fixture(scope="module")
def theirs(pictures: list[np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> list[list[Row]]:
    folder: Path = tmp_path_factory.mktemp("mediapipe")
    return [[*rows] for rows in ask_mediapipe("find_with_mediapipe.py", MODEL, pictures, folder)]


@pytest.fixture(scope="module")
def ours(pictures: list[np.ndarray]) -> list[list[Row]]:
    detector = Finder(MODEL)
    return [[(of.label, of.score, *of.box) for of in detector(picture)] for picture in pictures]


def overlap(one: Row, other: Row) -> float:
    (_, _, left, top, right, bottom), (_, _, left2, top2, right2, bottom2) = one, other
    shared = max(min(right, right2) - max(left, left2), 0) * max(min(bottom, bottom2) - max(top, top2), 0)
    return shared / ((right - left) * (bottom - top) + (right2 - left2) * (bottom2 - top2) - shared)


def unmatched(rows: list[list[Row]], others: list[list[Row]]) -> list[tuple[Row, list[Row]]]:
    """What one is sure of and the other does not find at that place, with what that finds of the class."""
    left = []
    for found, those in zip(rows, others, strict=True):
        for row in found:
            same = [other for other in those if other[0] == row[0]]
            if row[1] >= SURE and not any(overlap(row, other) >= OVERLAP for other in same):
                left.append((row, same))
    return left


def test_both_find_the_same(ours: list[list[Row]], theirs: list[list[Row]]) -> None:
    """But for two boxes with a step between their scores: each suppresses the other where a runtime has it above."""
    suppression = detection_recipe().model.suppression.iou_threshold
    for rows, others in ((theirs, ours), (ours, theirs)):
        sure = sum(row[1] >= SURE for found in rows for row in found)
        assert sure >= PICTURES
        different = unmatched(rows, others)
        assert len(different) <= SWAPPED * sure
        for row, same in different:
            assert any(abs(other[1] - row[1]) <= STEP and overlap(row, other) > suppression for other in same), row
