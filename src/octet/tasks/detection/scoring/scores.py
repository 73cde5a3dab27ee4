"""The scores of one model on one set of pictures."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from octet.tasks.detection.metric.average_precision import (
    Ranked,
    curve_area,
    eleven_points,
    mean_area,
    precision_recall,
)
from octet.tasks.detection.metric.detections import Detections
from octet.tasks.detection.metric.truths import Truth
from octet.tasks.detection.scoring.coco import coco_map

_DECIMALS = 5


def score(
    detections: Detections, ranked: Sequence[Ranked], truths: Sequence[Truth], classes: Sequence[str]
) -> dict[str, Any]:
    """All that evaluation.json says of a model's accuracy."""
    per_class = {}
    for name, of in zip(classes, ranked, strict=True):
        curve = precision_recall(of)
        if of.objects.sum():
            per_class[name] = {"voc07_ap": _round(eleven_points(curve)), "voc12_ap": _round(curve_area(curve))}
    return {
        "voc07_map": _round(np.mean([ap["voc07_ap"] for ap in per_class.values()])),
        "voc12_map": _round(mean_area(ranked)),
        "coco_map": _round(coco_map(detections, truths, len(classes))),
        "per_class": per_class,
    }


def _round(value: Any) -> float:
    return round(float(value), _DECIMALS)
