"""MediaPipe opens the classifier by its metadata and says of pictures what we say: `make test-others`."""

from pathlib import Path

import numpy as np
import pytest

from conftest import ROOT
from helpers.mediapipe import ask_mediapipe, enlarged_test_pictures
from octet.tasks.classification.using.part import Finder

RECIPE = "quickstart_classifier"
MODEL = ROOT / "models" / RECIPE / "classifier_uint8.tflite"
PICTURES, TOP = 50, 3
CLOSE = 0.01  # of a score
STEP = 1 / 256  # of a score in the file: two classes that are no further apart can change places

Row = tuple[str, float]  # label, score


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    return enlarged_test_pictures(RECIPE, Finder(MODEL).side, PICTURES)


@pytest.fixture(scope="module")
def theirs(pictures: list[np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> list[list[Row]]:
    folder: Path = tmp_path_factory.mktemp("mediapipe")
    return [[*rows] for rows in ask_mediapipe("classify_with_mediapipe.py", MODEL, pictures, folder)]


@pytest.fixture(scope="module")
def ours(pictures: list[np.ndarray]) -> list[list[Row]]:
    classifier = Finder(MODEL)
    return [[(of.label, of.score) for of in classifier(picture)] for picture in pictures]


def test_both_give_each_class_the_same_score(ours: list[list[Row]], theirs: list[list[Row]]) -> None:
    assert len(ours) == len(theirs) == PICTURES
    for mine, others in zip(ours, theirs, strict=True):
        assert dict(others) == pytest.approx(dict(mine), abs=CLOSE)


def test_both_say_the_same_of_each_picture(ours: list[list[Row]], theirs: list[list[Row]]) -> None:
    assert len({mine[0][0] for mine in ours}) > 1
    for mine, others in zip(ours, theirs, strict=True):
        scores = dict(mine)
        for (label, score), (other, _) in zip(mine[:TOP], others[:TOP], strict=True):
            assert other == label or abs(scores[other] - score) <= STEP
