"""MediaPipe opens the shipped file by its metadata and finds in it what we find: `make test-others`."""

from pathlib import Path

import numpy as np
import pytest

from conftest import ROOT
from helpers.mediapipe import ask_mediapipe, enlarged_test_pictures
from octet.tasks.detection.using.part import Finder

MODEL = ROOT / "models" / "quickstart" / "detector_uint8.tflite"
PICTURES = 60
SURE = 0.3
SCORES = 12 / 256  # two steps of the logit before the score
# How many of the sure detections the other runtime has with how much overlap. Its kernels are others than ours: on one
# trained network only boxes differed whose scores were equal to a step; on another 4 in 100 had an overlap below 0.95.
FOUND = {0.75: 0.99, 0.95: 0.95}

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


def found_by(others: list[list[Row]], rows: list[list[Row]], least: float) -> float:
    """The share of the sure detections that the others have too: the same class and score, in the same place."""
    sure = [(row, those) for found, those in zip(rows, others, strict=True) for row in found if row[1] >= SURE]
    assert len(sure) >= PICTURES

    def same(row: Row, other: Row) -> bool:
        return other[0] == row[0] and abs(other[1] - row[1]) <= SCORES and overlap(row, other) >= least

    return float(np.mean([any(same(row, other) for other in those) for row, those in sure]))


@pytest.mark.parametrize(("least", "share"), FOUND.items())
def test_both_find_the_same(ours: list[list[Row]], theirs: list[list[Row]], least: float, share: float) -> None:
    assert found_by(ours, theirs, least) >= share
    assert found_by(theirs, ours, least) >= share
