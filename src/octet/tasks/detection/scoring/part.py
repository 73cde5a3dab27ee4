"""Scores detections: VOC's and COCO's mean average precision, on the test set and on resamples of it."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from octet.tasks.detection.metric.average_precision import mean_average_precision, tabulate_objects
from octet.tasks.detection.metric.detections import from_coco
from octet.tasks.detection.metric.truths import read_truths
from octet.tasks.detection.scoring.coco import coco_mean, recalls_reached
from octet.tasks.detection.scoring.curves import write_precision_recall
from octet.tasks.detection.scoring.resampling import resampled_map
from octet.tasks.detection.scoring.scores import MatchedDetections, compute_scores, match_every_way


class Scoring:
    """Scores detections in COCO's results format against the ground truth of the test split."""

    def __init__(self, classes: Sequence[str], records: Path) -> None:
        self._classes, self._truths = classes, read_truths(records, "test")
        self._objects = tabulate_objects(self._truths)
        self.images = len(self._truths)

    def match_predictions(self, predictions: Any) -> MatchedDetections:
        """One model's detections, in COCO's results format, matched with the ground truth."""
        return match_every_way(from_coco(predictions, self._truths), self._objects, len(self._classes))

    def scores(self, matched: MatchedDetections) -> dict[str, Any]:
        """The model's mean average precisions, and the average precisions of each class, rounded."""
        return compute_scores(matched, self._classes)

    def exact_metrics(self, matched: MatchedDetections) -> dict[str, float]:
        """The model's mean average precisions that the ledger compares, VOC2012's and COCO's, unrounded."""
        return {"voc12_map": mean_average_precision(matched.voc), "coco_map": coco_mean(chain(*matched.coco)) or 0.0}

    def resampled_metrics(
        self, matched: MatchedDetections, draws: NDArray[np.float32]
    ) -> dict[str, NDArray[np.float64]]:
        """The same on every resample, each [R]; `draws` is [pictures, R]."""
        return {
            "voc12_map": resampled_map(matched.voc, draws, lambda recall: recall),
            "coco_map": resampled_map([*chain(*matched.coco)], draws, recalls_reached),
        }

    def comparable(self, _: MatchedDetections) -> None:
        """Nothing: two detectors are compared by their metrics alone."""

    def compare(self, _: None, __: None) -> dict[str, float]:
        """No further numbers about two models."""
        return {}

    def write_curve(self, matched: MatchedDetections, path: Path) -> None:
        """Write the model's precision-recall curve of each class as CSV."""
        write_precision_recall(path, matched.voc, self._classes)


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Scoring] = Scoring
