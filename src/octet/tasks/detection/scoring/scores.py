"""Computes all scores of one model on one set of pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from octet.tasks.detection.metric.average_precision import (
    Objects,
    RankedDetections,
    area_under_curve,
    eleven_point_mean,
    mean_average_precision,
    precision_recall,
    rank_detections,
)
from octet.tasks.detection.metric.detections import Detections
from octet.tasks.detection.metric.sizes import SIZES
from octet.tasks.detection.scoring.coco import OVERLAPS, coco_mean, rank_at_overlaps

_AT_75 = int(OVERLAPS.searchsorted(0.75))
_DECIMALS = 5


@dataclass(frozen=True)
class MatchedDetections:
    """The ranked detections of one model, once for each way of matching them with the objects."""

    voc: Sequence[RankedDetections]  # by class
    coco: Sequence[Sequence[RankedDetections]]  # by overlap and class
    coco_by_size: dict[str, Sequence[Sequence[RankedDetections]]]  # by the name of the size


def match_every_way(detections: Detections, objects: Objects, classes: int) -> MatchedDetections:
    """Match a model's detections with the objects as VOC does, and as COCO does for all objects and for each size."""
    return MatchedDetections(
        voc=[rank_detections(detections, objects, class_) for class_ in range(classes)],
        coco=rank_at_overlaps(detections, objects, classes),
        coco_by_size={name: rank_at_overlaps(detections, objects, classes, size) for name, size in SIZES.items()},
    )


def compute_scores(matched: MatchedDetections, classes: Sequence[str]) -> dict[str, Any]:
    """A model's scores as evaluation.json holds them: mean average precisions, and those of each class.

    A size without objects has no score.
    """
    per_class = {}
    for name, ranked in zip(classes, matched.voc, strict=True):
        curve = precision_recall(ranked)
        if ranked.objects.sum():
            per_class[name] = {
                "voc07_ap": _round(eleven_point_mean(curve)),
                "voc12_ap": _round(area_under_curve(curve)),
            }
    by_size = {f"coco_map_{size}": coco_mean(chain(*ranked)) for size, ranked in matched.coco_by_size.items()}
    return {
        "voc07_map": _round(np.mean([ap["voc07_ap"] for ap in per_class.values()] or [0.0])),
        "voc12_map": _round(mean_average_precision(matched.voc)),
        "coco_map": _round(coco_mean(chain(*matched.coco)) or 0.0),
        "coco_map_75": _round(coco_mean(matched.coco[_AT_75]) or 0.0),
        **{name: None if score is None else _round(score) for name, score in by_size.items()},
        "per_class": per_class,
    }


def _round(value: Any) -> float:
    return round(float(value), _DECIMALS)
