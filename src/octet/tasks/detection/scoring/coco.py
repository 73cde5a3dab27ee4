"""COCO's average precision: the mean over ten overlaps from 0.50 to 0.95, of all objects or of those of one size.

At each overlap, the detections of a picture choose in the order of their scores, and each takes the free object of its
class that it overlaps most. Difficult objects, and those of another size, are ignored: a detection that finds only such
an object free is neither correct nor wrong, nor is one that finds none and is itself of another size. The precision is
averaged at 101 recalls.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from octet.tasks.detection.metric.average_precision import (
    Curve,
    Objects,
    RankedDetections,
    overlapping_pairs,
    precision_recall,
)
from octet.tasks.detection.metric.detections import Detections
from octet.tasks.detection.metric.sizes import EVERY_SIZE, Range, within

OVERLAPS = np.linspace(0.5, 0.95, 10)

_MOST = 100  # detections of a class in a picture; those with lower scores are left out


def rank_at_overlaps(
    detections: Detections, objects: Objects, classes: int, size: Range = EVERY_SIZE
) -> list[list[RankedDetections]]:
    """For each overlap, the ranked detections of each class."""
    ignored = objects.difficult | ~within(size, objects.boxes)
    by_class = (_rank_class(detections, objects, class_, ignored, size) for class_ in range(classes))
    return [list(ranked) for ranked in zip(*by_class, strict=True)]


def coco_mean(ranked: Iterable[RankedDetections]) -> float | None:
    """COCO's mean average precision over classes and overlaps, without classes that have no objects; None if all."""
    present = (one for one in ranked if one.objects.any())
    precisions = [mean_at_recalls(precision_recall(one)) for one in present]
    return float(np.mean(precisions)) if precisions else None


def mean_at_recalls(curve: Curve) -> float:
    """The mean over recalls 0, 0.01 ... 1 of the best precision at that recall or above."""
    envelope = np.maximum.accumulate(curve.precision[::-1])[::-1]
    return float(np.diff(recalls_reached(curve.recall), prepend=0.0) @ envelope)


def recalls_reached(recall: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of the recalls 0, 0.01 ... 1 that are no higher than each recall."""
    nearest = np.rint(recall * 100)
    # Multiplied and not divided, as COCO's own code does: 57 of 100 objects do not reach its 0.57.
    return (nearest + (nearest * 0.01 <= recall)) / 101


def _rank_class(
    detections: Detections, objects: Objects, class_: int, ignored: NDArray[np.bool_], size: Range
) -> list[RankedDetections]:
    chosen = np.flatnonzero(detections.classes == class_)
    chosen = chosen[np.lexsort((-detections.scores[chosen], detections.picture[chosen]))]
    chosen = chosen[_position_in_run(detections.picture[chosen]) < _MOST]
    boxes, picture = detections.boxes[chosen], detections.picture[chosen]
    taken = _take_objects(boxes, picture, objects, np.flatnonzero(objects.classes == class_), ignored)
    correct = ~np.append(ignored, True)[taken]  # the last one stands for no object
    counts = np.where(taken >= 0, correct, within(size, boxes))
    order = np.argsort(-detections.scores[chosen], kind="stable")
    counted = np.bincount(objects.picture[(objects.classes == class_) & ~ignored], minlength=objects.pictures)
    ranked = []
    for correct_here, counts_here in zip(correct, counts, strict=True):
        kept = order[counts_here[order]]
        ranked.append(RankedDetections(correct_here[kept], picture[kept], counted))
    return ranked


def _take_objects(
    boxes: NDArray[np.float64],
    picture: NDArray[np.int64],
    objects: Objects,
    candidates: NDArray[np.int64],
    ignored: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """The object that each detection takes at each overlap, [overlaps, D]; -1 where it takes none.

    The detections come picture by picture, in each the highest score first.
    """
    detection, object_index, overlap = overlapping_pairs(boxes, picture, objects, candidates)
    near = overlap >= OVERLAPS[0]
    detection, object_index, overlap = detection[near], object_index[near], overlap[near]
    # The later a pair of a detection, the better: an object that counts, then a larger overlap, then a later object.
    better = np.lexsort((object_index, overlap, ~ignored[object_index], detection))
    detection, object_index, overlap = detection[better], object_index[better], overlap[better]
    enough = overlap >= OVERLAPS[:, None]  # [T, pairs]

    choosing, starts, pairs = np.unique(detection, return_index=True, return_counts=True)
    turns = np.repeat(_position_in_run(picture[choosing]), pairs)  # [pairs]
    taken = np.full((len(OVERLAPS), len(boxes)), -1)
    free = np.ones((len(OVERLAPS), len(objects.classes)), bool)
    # One detection of each picture at a time: those of different pictures do not compete.
    for turn in range(turns.max(initial=-1) + 1):
        now = np.flatnonzero(turns == turn)
        possible = np.where(enough[:, now] & free[:, object_index[now]], now, -1)
        first = np.flatnonzero(np.isin(now, starts))
        best = np.maximum.reduceat(possible, first, axis=1)  # [T, detections of this turn]
        at, which = np.nonzero(best >= 0)
        pair = best[at, which]
        taken[at, detection[pair]] = object_index[pair]
        free[at, object_index[pair]] = False
    return taken


def _position_in_run(sorted_values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The position of each value among those that are equal to it, from 0."""
    return np.arange(len(sorted_values)) - np.searchsorted(sorted_values, sorted_values)
