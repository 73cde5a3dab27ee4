"""A classifier from a stranger is run, or refused in a line."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.classifying import CLASSES, write_classifier_file
from octet.common.errors import UserError
from octet.tasks.classification.using.part import Finder
from tasks.detection.test_finder import write_model

PICTURE = np.full((20, 30, 3), 100, np.uint8)


def finder_of(outputs: Sequence[Any], folder: Path, labels: Sequence[str] = ("cat", "dog")) -> Finder:
    (folder / "labels.txt").write_text("".join(f"{label}\n" for label in labels))
    return Finder(write_model(folder / "model.tflite", outputs), folder / "labels.txt")


def test_the_likeliest_class_comes_first_and_of_equal_ones_the_first(tmp_path: Path) -> None:
    found = finder_of([[[0.25, 0.5, 0.25]]], tmp_path, ("a", "b", "c"))(PICTURE)
    assert [(of.label, of.score, of.box) for of in found] == [("b", 0.5, None), ("a", 0.25, None), ("c", 0.25, None)]


def test_scores_behind_axes_of_one(tmp_path: Path) -> None:
    assert [of.label for of in finder_of([[[[[0.2, 0.8]]]]], tmp_path)(PICTURE)] == ["dog", "cat"]


def test_labels_in_the_file(tmp_path: Path) -> None:
    finder = Finder(write_classifier_file(tmp_path / "model.tflite"))
    assert finder.labels == [*CLASSES]
    assert [finder(np.full((9, 9, 3), of, np.uint8))[0].label for of in (60, 200, (200, 60, 60))] == [*CLASSES]


@pytest.mark.parametrize(
    ("outputs", "told"),
    [
        pytest.param([[[0.5, np.nan]]], "gives scores that are not 2 finite numbers", id="nan"),
        pytest.param([[[0.2, 0.3, 0.5]]], "has scores for 3 classes, but there are 2 labels", id="labels"),
        pytest.param([[[0.5]]], "gives [1, 1]; expected a classifier", id="one class"),
        pytest.param([[[[0.5, 0.5]] * 4]], "gives [1, 4, 2]; expected a classifier", id="axes"),
        pytest.param(
            [[[0.5, 0.5]], [[0.2, 0.8]]],
            "as detectors have; expected a classifier: use octet detect",
            id="two",
        ),
    ],
)
def test_what_is_no_classifier(outputs: Sequence[Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        finder_of(outputs, tmp_path)(PICTURE)
    assert str(error.value).startswith(f"{tmp_path / 'model.tflite'}: ") and told in str(error.value)
