"""How good detections are: VOC's and COCO's mean average precision, on the test set as it is and drawn again."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from octet.recipe.detection import Recipe
from octet.tasks.detection.metric.average_precision import Ranked, mean_area, rank_all
from octet.tasks.detection.metric.detections import Detections, from_coco
from octet.tasks.detection.metric.truths import read_truths
from octet.tasks.detection.scoring.curves import write_curve
from octet.tasks.detection.scoring.resampling import resampled_map
from octet.tasks.detection.scoring.scores import score


@dataclass(frozen=True)
class Judged:
    """What a model found, and of each class the detections that count."""

    detections: Detections
    ranked: Sequence[Ranked]


class Scoring:
    """Judges detections in COCO's results format by the ground truth of the test split."""

    def __init__(self, recipe: Recipe, classes: Sequence[str], records: Path) -> None:
        del recipe
        self._classes, self._truths = classes, read_truths(records, "test")
        self.images = len(self._truths)

    def read(self, said: Any) -> Judged:
        """The detections of one model."""
        detections = from_coco(said, self._truths)
        return Judged(detections, rank_all(detections, self._truths, self._classes))

    def scores(self, judged: Judged) -> dict[str, Any]:
        """Its mean average precisions, and those by class."""
        return score(judged.detections, judged.ranked, self._truths, self._classes)

    def exact(self, judged: Judged) -> dict[str, float]:
        """VOC2012's, to the last digit."""
        return {"voc12_map": mean_area(judged.ranked)}

    def resampled(self, judged: Judged, draws: NDArray[np.float32]) -> dict[str, NDArray[np.float64]]:
        """VOC2012's on every resample [R]."""
        return {"voc12_map": resampled_map(judged.ranked, draws)}

    def write_curve(self, judged: Judged, path: Path) -> None:
        """Precision against recall by class."""
        write_curve(path, judged.ranked, self._classes)


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Scoring] = Scoring
