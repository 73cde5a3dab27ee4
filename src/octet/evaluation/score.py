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


def mean_area(ranked: Sequence[Ranked], weights: np.ndarray | None = None) -> np.ndarray:
    """VOC2012's mean average precision over the classes that occur; [...] for weights [..., pictures]."""
    if weights is None:
        weights = np.ones(len(ranked[0].objects))
    areas = np.stack([area(precision_recall(of, weights)) for of in ranked])  # [classes, ...]
    occurs = np.stack([weights @ of.objects > 0 for of in ranked])
    return np.where(occurs, areas, 0.0).sum(axis=0) / np.maximum(occurs.sum(axis=0), 1)


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
