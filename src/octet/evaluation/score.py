"""The scores of one model on one set of pictures."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from octet.dataset.records import Truth
from octet.evaluation.average_precision import Ranked, area, eleven_points, gather, precision_recall, rank
from octet.evaluation.coco import coco_map
from octet.evaluation.detections import Detections

_DECIMALS = 5


def rank_all(detections: Detections, truths: Sequence[Truth], classes: Sequence[str]) -> list[Ranked]:
    """The judged detections of each class."""
    objects = gather(truths)
    return [rank(detections, objects, index) for index in range(len(classes))]


def mean_area(ranked: Sequence[Ranked]) -> float:
    """VOC2012's mean average precision over the classes that occur."""
    return float(np.mean([area(precision_recall(of)) for of in ranked if of.objects.any()] or [0.0]))


def score(
    detections: Detections, ranked: Sequence[Ranked], truths: Sequence[Truth], classes: Sequence[str]
) -> dict[str, Any]:
    """All that evaluation.json says of a model's accuracy."""
    per_class = {}
    for name, of in zip(classes, ranked, strict=True):
        curve = precision_recall(of)
        if of.objects.sum():
            per_class[name] = {"voc07_ap": _round(eleven_points(curve)), "voc12_ap": _round(area(curve))}
    return {
        "voc07_map": _round(np.mean([ap["voc07_ap"] for ap in per_class.values()])),
        "voc12_map": _round(mean_area(ranked)),
        "coco_map": _round(coco_map(detections, truths, len(classes))),
        "per_class": per_class,
    }


def _round(value: Any) -> float:
    return round(float(value), _DECIMALS)
