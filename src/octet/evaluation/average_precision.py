"""Average precision as VOC defines it, at an overlap of 0.5.

A detection is right when it overlaps an object of its class by at least half and nothing better took that object;
a second detection of the same object is wrong; one of a `difficult` object is neither. VOC2007 averages the precision
at 11 recalls, VOC2012 takes the area under the monotone curve.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from octet.dataset.records import Truth
from octet.evaluation.detections import Detections

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

    recall: NDArray[np.float64]  # [..., D]
    precision: NDArray[np.float64]  # [..., D]


def rank(detections: Detections, truths: Sequence[Truth], class_: int) -> Ranked:
    """Judge every detection of a class."""
    chosen = np.flatnonzero(detections.classes == class_)
    chosen = chosen[np.argsort(-detections.scores[chosen], kind="stable")]
    boxes = [pixel_boxes(truth)[truth.classes == class_] for truth in truths]
    difficult = [truth.difficult[truth.classes == class_] for truth in truths]
    taken = [np.zeros(len(of), bool) for of in difficult]
    right, counts = np.zeros(len(chosen), bool), np.ones(len(chosen), bool)
    for position, index in enumerate(chosen):
        picture = detections.picture[index]
        if not len(boxes[picture]):
            continue
        overlaps = iou(detections.boxes[index], boxes[picture])
        best = overlaps.argmax()
        if overlaps[best] < OVERLAP:
            continue
        if difficult[picture][best]:
            counts[position] = False
        elif not taken[picture][best]:
            right[position] = taken[picture][best] = True
    return Ranked(
        right=right[counts],
        picture=detections.picture[chosen][counts],
        objects=np.array([(~of).sum() for of in difficult], np.int64),
    )


def precision_recall(ranked: Ranked, weights: NDArray[np.float64] | None = None) -> Curve:
    """The curve, with every picture counted `weights` [..., pictures] times (once each by default)."""
    if weights is None:
        weights = np.ones(len(ranked.objects))
    each = weights[..., ranked.picture]  # [..., D]
    right = np.cumsum(each * ranked.right, axis=-1)
    seen = np.cumsum(each, axis=-1)
    objects = (weights @ ranked.objects)[..., None]
    with np.errstate(invalid="ignore"):  # 0 / 0: no such object, or nothing seen yet
        return Curve(recall=right / objects, precision=np.nan_to_num(right / seen))


def area(curve: Curve) -> NDArray[np.float64]:
    """VOC2012: the area under the curve, each precision raised to the best at that recall or beyond."""
    envelope = np.maximum.accumulate(curve.precision[..., ::-1], axis=-1)[..., ::-1]
    return (np.diff(curve.recall, prepend=0.0, axis=-1) * envelope).sum(axis=-1)


def eleven_points(curve: Curve) -> NDArray[np.float64]:
    """VOC2007: the mean over recalls 0, 0.1 ... 1 of the best precision at that recall or beyond."""
    points = [
        np.where(curve.recall >= recall, curve.precision, 0.0).max(axis=-1, initial=0.0)
        for recall in np.arange(11) / 10  # not linspace, whose 0.3 is larger than 3 / 10
    ]
    return np.mean(points, axis=0)


def iou(box: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of x, y, width, height with others [G, 4]."""
    top_left = np.maximum(box[:2], others[:, :2])
    bottom_right = np.minimum(box[:2] + box[2:], others[:, :2] + others[:, 2:])
    shared = (bottom_right - top_left).clip(0).prod(axis=1)
    union = box[2:].prod() + others[:, 2:].prod(axis=1) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def pixel_boxes(truth: Truth) -> NDArray[np.float64]:
    """A picture's objects as x, y, width, height in its pixels; rounding brings back what the annotation said."""
    corners = truth.boxes.astype(np.float64) * np.tile([truth.height, truth.width], 2)
    ymin, xmin, ymax, xmax = corners.round(_PIXEL_DECIMALS).T
    return np.stack([xmin, ymin, xmax - xmin, ymax - ymin], axis=1)
