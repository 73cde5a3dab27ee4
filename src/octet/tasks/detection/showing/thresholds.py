"""Precision, recall and F1 of all classes together, at every score that detections can be asked for."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from octet.tasks.detection.metric.average_precision import Objects
from octet.tasks.detection.metric.detections import Detections
from octet.tasks.detection.showing.errors import IGNORED, RIGHT, Diagnosis

THRESHOLDS = np.arange(5, 100) / 100


@dataclass(frozen=True)
class ByThreshold:
    """How right and how complete the detections are that score at least so much, [T] each."""

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]

    @property
    def best(self) -> int:
        """The index of the lowest threshold with the best F1."""
        return int(self.f1.argmax())


def by_threshold(detections: Detections, objects: Objects, diagnosis: Diagnosis) -> ByThreshold:
    """Score all detections of a model at each of the thresholds."""
    right = _at_least(detections.scores[diagnosis.kinds == RIGHT])
    counted = _at_least(detections.scores[diagnosis.kinds != IGNORED])
    total = int((~objects.difficult).sum())
    return ByThreshold(
        precision=right / np.maximum(counted, 1),
        recall=right / max(total, 1),
        f1=2 * right / np.maximum(counted + total, 1),
    )


def _at_least(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """How many of the scores reach each threshold, [T]."""
    return np.asarray(len(scores) - np.searchsorted(np.sort(scores), THRESHOLDS))
