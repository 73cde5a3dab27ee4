"""Average precision as VOC defines it, at an overlap of 0.5.

A detection is right when it overlaps an object of its class by at least half and nothing better took that object;
a second detection of the same object is wrong; one of a `difficult` object is neither. VOC2007 averages the precision
at 11 recalls, VOC2012 takes the area under the monotone curve.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from octet.tasks.detection.metric.boxes import corners_to_xywh_pixels, iou
from octet.tasks.detection.metric.detections import Detections
from octet.tasks.detection.metric.truths import Truth

OVERLAP = 0.5
_PIXEL_DECIMALS = 3


@dataclass(frozen=True)
class Ranked:
    """The detections of one class that count, best first, with what decides average precision."""

    right: NDArray[np.bool_]  # [D]
    picture: NDArray[np.int64]  # [D]
    objects: NDArray[np.int64]  # [pictures], not difficult ones of this class in each


@dataclass(frozen=True)
class Curve:
    """Precision and recall after each detection."""

    recall: NDArray[np.float64]  # [D]
    precision: NDArray[np.float64]  # [D]


@dataclass(frozen=True)
class Objects:
    """The objects of all pictures in one table, in the order of the pictures."""

    picture: NDArray[np.int64]  # [G], index into the truths
    classes: NDArray[np.int64]  # [G]
    difficult: NDArray[np.bool_]  # [G]
    boxes: NDArray[np.float64]  # [G, 4] x, y, width, height in pixels
    pictures: int


def gather(truths: Sequence[Truth]) -> Objects:
    """Everything that is to be found."""
    return Objects(
        picture=np.repeat(np.arange(len(truths)), [len(truth.classes) for truth in truths]),
        classes=np.concatenate([truth.classes for truth in truths]),
        difficult=np.concatenate([truth.difficult for truth in truths]),
        boxes=np.concatenate([pixel_boxes(truth) for truth in truths]),
        pictures=len(truths),
    )


@dataclass(frozen=True)
class Verdicts:
    """The detections of one class, best first."""

    detection: NDArray[np.int64]  # [D], index into the detections
    overlap: NDArray[np.float64]  # [D], with the object of the class that it covers best
    best: NDArray[np.int64]  # [D], that object; any number where nothing overlaps
    right: NDArray[np.bool_]  # [D]
    counts: NDArray[np.bool_]  # [D], which those of difficult objects do not


def judge(detections: Detections, objects: Objects, class_: int) -> Verdicts:
    """Say of every detection of a class whether it is right."""
    chosen = np.flatnonzero(detections.classes == class_)
    chosen = chosen[np.argsort(-detections.scores[chosen], kind="stable")]
    picture = detections.picture[chosen]
    of_class = np.flatnonzero(objects.classes == class_)
    overlap, best = best_objects(detections.boxes[chosen], picture, objects, of_class)
    met = np.flatnonzero(overlap >= OVERLAP)
    right = np.zeros(len(chosen), bool)
    _, first = np.unique(best[met], return_index=True)  # of an object's detections the best has it
    right[met[first]] = True
    counts = np.ones(len(chosen), bool)
    counts[met] = ~objects.difficult[best[met]]
    return Verdicts(chosen, overlap, best, right & counts, counts)


def rank(detections: Detections, objects: Objects, class_: int) -> Ranked:
    """The judged detections of a class that count."""
    of = judge(detections, objects, class_)
    found = (objects.classes == class_) & ~objects.difficult
    return Ranked(
        right=of.right[of.counts],
        picture=detections.picture[of.detection[of.counts]],
        objects=np.bincount(objects.picture[found], minlength=objects.pictures),
    )


def rank_all(detections: Detections, truths: Sequence[Truth], classes: Sequence[str]) -> list[Ranked]:
    """The judged detections of each class."""
    objects = gather(truths)
    return [rank(detections, objects, index) for index in range(len(classes))]


def mean_area(ranked: Sequence[Ranked]) -> float:
    """VOC2012's mean average precision over the classes that occur."""
    return float(np.mean([curve_area(precision_recall(of)) for of in ranked if of.objects.any()] or [0.0]))


def best_objects(
    boxes: NDArray[np.float64], picture: NDArray[np.int64], objects: Objects, among: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The largest overlap [D] of each box with one of these objects in its picture, and the object [D]."""
    begin, end = (np.searchsorted(objects.picture[among], picture, side) for side in ("left", "right"))
    counts = end - begin
    detection = np.repeat(np.arange(len(boxes)), counts)  # [pairs]
    start = np.cumsum(counts) - counts
    thing = among[np.arange(len(detection)) - start[detection] + begin[detection]]  # [pairs]
    overlaps = iou(boxes[detection], objects.boxes[thing])
    order = np.lexsort((-overlaps, detection))  # of equals the first stays first
    has = counts > 0
    overlap, best = np.zeros(len(boxes)), np.zeros(len(boxes), np.int64)
    overlap[has], best[has] = overlaps[order[start[has]]], thing[order[start[has]]]
    return overlap, best


def precision_recall(ranked: Ranked) -> Curve:
    """The curve; all zeros where there is no such object."""
    right = np.cumsum(ranked.right)
    objects = max(ranked.objects.sum(), 1)
    return Curve(recall=right / objects, precision=right / np.arange(1, len(right) + 1))


def curve_area(curve: Curve) -> float:
    """VOC2012: the area under the curve, each precision raised to the best at that recall or beyond."""
    envelope = np.maximum.accumulate(curve.precision[::-1])[::-1]
    return float(np.diff(curve.recall, prepend=0.0) @ envelope)


def eleven_points(curve: Curve) -> float:
    """VOC2007: the mean over recalls 0, 0.1 ... 1 of the best precision at that recall or beyond."""
    recalls = np.arange(11) / 10  # not linspace, whose 0.3 is larger than 3 / 10
    return float(np.mean([curve.precision[curve.recall >= recall].max(initial=0.0) for recall in recalls]))


def pixel_boxes(truth: Truth) -> NDArray[np.float64]:
    """A picture's objects as x, y, width, height in its pixels; rounding brings back what the annotation said."""
    corners = truth.boxes.astype(np.float64) * np.tile([truth.height, truth.width], 2)
    return corners_to_xywh_pixels(corners.round(_PIXEL_DECIMALS), 1, 1)
