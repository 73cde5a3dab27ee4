"""Average precision as PASCAL VOC defines it, at an overlap of 0.5.

A detection is correct if it overlaps an object of its class by at least half and no detection with a higher score has
that object. A second detection of the same object is wrong; a detection of a `difficult` object is neither correct nor
wrong. VOC2007 averages the precision at 11 recalls, VOC2012 takes the area under the monotone curve.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from octet.tasks.detection.metric.boxes import corners_to_xywh_pixels, iou_of_pairs
from octet.tasks.detection.metric.detections import Detections
from octet.tasks.detection.metric.truths import Truth

OVERLAP = 0.5  # intersection over union, from which on a detection covers an object
_PIXEL_DECIMALS = 3


@dataclass(frozen=True)
class RankedDetections:
    """The detections of one class that count, the highest score first: all that average precision depends on."""

    correct: NDArray[np.bool_]  # [D]
    picture: NDArray[np.int64]  # [D]
    objects: NDArray[np.int64]  # [pictures], the number of objects of the class in each that are not difficult


@dataclass(frozen=True)
class Curve:
    """Precision and recall after each detection of a class, the highest score first."""

    recall: NDArray[np.float64]  # [D]
    precision: NDArray[np.float64]  # [D]


@dataclass(frozen=True)
class Objects:
    """The ground truth objects of all pictures as one table, in the order of the pictures."""

    picture: NDArray[np.int64]  # [G], index into the list of truths
    classes: NDArray[np.int64]  # [G]
    difficult: NDArray[np.bool_]  # [G]
    boxes: NDArray[np.float64]  # [G, 4] x, y, width, height in pixels
    pictures: int


def tabulate_objects(truths: Sequence[Truth]) -> Objects:
    """Put the ground truth of all pictures into one table."""
    return Objects(
        picture=np.repeat(np.arange(len(truths)), [len(truth.classes) for truth in truths]),
        classes=np.concatenate([truth.classes for truth in truths]),
        difficult=np.concatenate([truth.difficult for truth in truths]),
        boxes=np.concatenate([pixel_boxes(truth) for truth in truths]),
        pictures=len(truths),
    )


@dataclass(frozen=True)
class Matches:
    """The detections of one class, the highest score first, each with the object of the class that it covers best."""

    detection: NDArray[np.int64]  # [D], index into the table of detections
    overlap: NDArray[np.float64]  # [D], intersection over union with that object
    object_index: NDArray[np.int64]  # [D], index into the table of objects; meaningless where the overlap is 0
    correct: NDArray[np.bool_]  # [D]
    counts: NDArray[np.bool_]  # [D], false where the object is difficult


def match_detections(detections: Detections, objects: Objects, class_: int) -> Matches:
    """Match the detections of a class with its objects, and decide which are correct."""
    chosen = np.flatnonzero(detections.classes == class_)
    chosen = chosen[np.argsort(-detections.scores[chosen], kind="stable")]
    picture = detections.picture[chosen]
    same_class = np.flatnonzero(objects.classes == class_)
    overlap, object_index = best_objects(detections.boxes[chosen], picture, objects, same_class)
    covering = np.flatnonzero(overlap >= OVERLAP)
    correct = np.zeros(len(chosen), bool)
    _, first = np.unique(object_index[covering], return_index=True)  # each object's detection with the highest score
    correct[covering[first]] = True
    counts = np.ones(len(chosen), bool)
    counts[covering] = ~objects.difficult[object_index[covering]]
    return Matches(chosen, overlap, object_index, correct & counts, counts)


def rank_detections(detections: Detections, objects: Objects, class_: int) -> RankedDetections:
    """Match the detections of a class and keep those that count."""
    matches = match_detections(detections, objects, class_)
    counted_objects = (objects.classes == class_) & ~objects.difficult
    return RankedDetections(
        correct=matches.correct[matches.counts],
        picture=detections.picture[matches.detection[matches.counts]],
        objects=np.bincount(objects.picture[counted_objects], minlength=objects.pictures),
    )


def rank_by_class(detections: Detections, truths: Sequence[Truth], classes: Sequence[str]) -> list[RankedDetections]:
    """The ranked detections of each class, in the order of the classes."""
    objects = tabulate_objects(truths)
    return [rank_detections(detections, objects, index) for index in range(len(classes))]


def mean_average_precision(ranked_by_class: Sequence[RankedDetections]) -> float:
    """VOC2012's mean average precision over the classes that have objects; 0 where no class has any."""
    present = (ranked for ranked in ranked_by_class if ranked.objects.any())
    return float(np.mean([area_under_curve(precision_recall(ranked)) for ranked in present] or [0.0]))


def best_objects(
    boxes: NDArray[np.float64], picture: NDArray[np.int64], objects: Objects, candidates: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The object that each box [D, 4] overlaps most, among the candidates in the box's picture.

    Returns the overlaps [D] and the indices of the objects [D].
    """
    detection, object_index, overlaps = overlapping_pairs(boxes, picture, objects, candidates)
    order = np.lexsort((-overlaps, detection))  # of equal overlaps the first stays first
    has, first = np.unique(detection, return_index=True)
    overlap, best = np.zeros(len(boxes)), np.zeros(len(boxes), np.int64)
    overlap[has], best[has] = overlaps[order[first]], object_index[order[first]]
    return overlap, best


def overlapping_pairs(
    boxes: NDArray[np.float64], picture: NDArray[np.int64], objects: Objects, candidates: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Each box [D, 4] with each of the candidates in its picture: the box, the object and the overlap, each [pairs].

    The candidates are indices into the table of objects, in its order.
    """
    begin, end = (np.searchsorted(objects.picture[candidates], picture, side) for side in ("left", "right"))
    counts = end - begin
    box = np.repeat(np.arange(len(boxes)), counts)
    object_index = candidates[np.arange(len(box)) - np.repeat(np.cumsum(counts) - counts - begin, counts)]
    return box, object_index, iou_of_pairs(boxes[box], objects.boxes[object_index])


def precision_recall(ranked: RankedDetections) -> Curve:
    """The precision-recall curve of a class; its recall is 0 throughout where the class has no objects."""
    correct = np.cumsum(ranked.correct)
    objects = max(ranked.objects.sum(), 1)
    return Curve(recall=correct / objects, precision=correct / np.arange(1, len(correct) + 1))


def area_under_curve(curve: Curve) -> float:
    """VOC2012's average precision: the area under the curve, each precision raised to the best at a higher recall."""
    envelope = np.maximum.accumulate(curve.precision[::-1])[::-1]
    return float(np.diff(curve.recall, prepend=0.0) @ envelope)


def eleven_point_mean(curve: Curve) -> float:
    """VOC2007's average precision: the mean over recalls 0, 0.1 ... 1 of the best precision at that recall or above."""
    recalls = np.arange(11) / 10  # not linspace, whose 0.3 is larger than 3 / 10
    return float(np.mean([curve.precision[curve.recall >= recall].max(initial=0.0) for recall in recalls]))


def pixel_boxes(truth: Truth) -> NDArray[np.float64]:
    """The boxes [G, 4] of a picture's objects as x, y, width, height in its pixels.

    Rounding restores the numbers of the annotation, which the record holds as 32-bit shares.
    """
    corners = truth.boxes.astype(np.float64) * np.tile([truth.height, truth.width], 2)
    return corners_to_xywh_pixels(corners.round(_PIXEL_DECIMALS), 1, 1)
