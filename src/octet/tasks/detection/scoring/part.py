"""Scores detections: VOC's and COCO's mean average precision, on the test set and on resamples of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from octet.tasks.detection.metric.average_precision import RankedDetections, mean_average_precision, rank_by_class
from octet.tasks.detection.metric.detections import Detections, from_coco
from octet.tasks.detection.metric.truths import read_truths
from octet.tasks.detection.scoring.curves import write_precision_recall
from octet.tasks.detection.scoring.resampling import resampled_map
from octet.tasks.detection.scoring.scores import compute_scores


@dataclass(frozen=True)
class MatchedDetections:
    """The detections of one model, and the ranking by class that average precision is computed from."""

    detections: Detections
    ranked_by_class: Sequence[RankedDetections]


class Scoring:
    """Scores detections in COCO's results format against the ground truth of the test split."""

    def __init__(self, classes: Sequence[str], records: Path) -> None:
        self._classes, self._truths = classes, read_truths(records, "test")
        self.images = len(self._truths)

    def match_predictions(self, predictions: Any) -> MatchedDetections:
        """One model's detections, in COCO's results format, matched with the ground truth."""
        detections = from_coco(predictions, self._truths)
        return MatchedDetections(detections, rank_by_class(detections, self._truths, self._classes))

    def scores(self, matched: MatchedDetections) -> dict[str, Any]:
        """The model's mean average precisions, and the average precisions of each class, rounded."""
        return compute_scores(matched.detections, matched.ranked_by_class, self._truths, self._classes)

    def exact_metrics(self, matched: MatchedDetections) -> dict[str, float]:
        """The model's VOC2012 mean average precision, unrounded."""
        return {"voc12_map": mean_average_precision(matched.ranked_by_class)}

    def resampled_metrics(
        self, matched: MatchedDetections, draws: NDArray[np.float32]
    ) -> dict[str, NDArray[np.float64]]:
        """The model's VOC2012 mean average precision on every resample [R]; `draws` is [pictures, R]."""
        return {"voc12_map": resampled_map(matched.ranked_by_class, draws)}

    def write_curve(self, matched: MatchedDetections, path: Path) -> None:
        """Write the model's precision-recall curve of each class as CSV."""
        write_precision_recall(path, matched.ranked_by_class, self._classes)


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Scoring] = Scoring
