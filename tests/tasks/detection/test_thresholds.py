"""F1 at every score that detections can be asked for."""

import numpy as np
import pytest

from octet.tasks.detection.metric.average_precision import Objects
from octet.tasks.detection.metric.detections import Detections
from octet.tasks.detection.showing.errors import classify_errors
from octet.tasks.detection.showing.thresholds import THRESHOLDS, by_threshold

HERE, ELSEWHERE = (0.0, 0.0, 10.0, 10.0), (50.0, 50.0, 10.0, 10.0)


def test_the_best_threshold_leaves_out_what_is_wrong_and_keeps_what_is_right() -> None:
    objects = Objects(np.arange(2), np.zeros(2, int), np.zeros(2, bool), np.array([HERE, HERE]), 2)
    detections = Detections(
        picture=np.array([0, 1, 0, 1]),
        classes=np.zeros(4, int),
        scores=np.array([0.9, 0.6, 0.4, 0.3]),
        boxes=np.array([HERE, HERE, ELSEWHERE, ELSEWHERE]),
    )
    scores = by_threshold(detections, objects, classify_errors(detections, objects, 1))
    at = {round(float(of), 2): index for index, of in enumerate(THRESHOLDS)}
    assert THRESHOLDS[scores.best] == pytest.approx(0.41)
    for threshold, precision, recall, f1 in (
        (0.1, 0.5, 1, 2 / 3),
        (0.41, 1, 1, 1),
        (0.7, 1, 0.5, 2 / 3),
        (0.95, 0, 0, 0),
    ):
        index = at[threshold]
        assert (scores.precision[index], scores.recall[index]) == (precision, recall)
        assert scores.f1[index] == pytest.approx(f1)


def test_difficult_objects_count_neither_way() -> None:
    objects = Objects(np.zeros(1, int), np.zeros(1, int), np.ones(1, bool), np.array([HERE]), 1)
    detections = Detections(np.zeros(1, int), np.zeros(1, int), np.array([0.9]), np.array([HERE]))
    scores = by_threshold(detections, objects, classify_errors(detections, objects, 1))
    assert not scores.f1.any()
    assert not scores.recall.any()
