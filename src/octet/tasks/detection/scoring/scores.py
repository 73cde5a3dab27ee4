"""Computes all scores of one model on one set of pictures."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from octet.tasks.detection.metric.average_precision import (
    RankedDetections,
    area_under_curve,
    eleven_point_mean,
    mean_average_precision,
    precision_recall,
)
from octet.tasks.detection.metric.detections import Detections
from octet.tasks.detection.metric.truths import Truth
from octet.tasks.detection.scoring.coco import coco_map

_DECIMALS = 5


def compute_scores(
    detections: Detections, ranked_by_class: Sequence[RankedDetections], truths: Sequence[Truth], classes: Sequence[str]
) -> dict[str, Any]:
    """A model's scores as evaluation.json holds them: mean average precisions, and those of each class."""
    per_class = {}
    for name, ranked in zip(classes, ranked_by_class, strict=True):
        curve = precision_recall(ranked)
        if ranked.objects.sum():
            per_class[name] = {
                "voc07_ap": _round(eleven_point_mean(curve)),
                "voc12_ap": _round(area_under_curve(curve)),
            }
    return {
        "voc07_map": _round(np.mean([ap["voc07_ap"] for ap in per_class.values()] or [0.0])),
        "voc12_map": _round(mean_average_precision(ranked_by_class)),
        "coco_map": _round(coco_map(detections, truths, len(classes))),
        "per_class": per_class,
    }


def _round(value: Any) -> float:
    return round(float(value), _DECIMALS)
