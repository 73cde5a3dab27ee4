"""Mean average precision on resampled pictures, without ranking the detections again."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from octet.tasks.detection.metric.average_precision import Ranked


def resampled_map(ranked: Sequence[Ranked], draws: NDArray[np.float32]) -> NDArray[np.float64]:
    """VOC2012's mean average precision of every resample [R], over the classes that occur in it."""
    objects = np.stack([of.objects.astype(np.float32) @ draws for of in ranked])  # [C, R]
    areas = np.stack([_area(of, draws) for of in ranked])
    precisions = np.divide(areas, objects, out=np.zeros_like(areas), where=objects > 0)
    return precisions.sum(axis=0) / np.maximum((objects > 0).sum(axis=0), 1)


def _area(ranked: Ranked, draws: NDArray[np.float32]) -> NDArray[np.float64]:
    """The area under the curve, times the number of objects, of every resample [R].

    The curve's corners are the right detections; of the wrong ones only how many come before each corner matters.
    """
    corners: NDArray[np.int64] = np.cumsum(ranked.right) - ranked.right  # [D], how many right ones come before
    count = int(ranked.right.sum())
    wrong = ~ranked.right & (corners < count)
    ones = np.ones(wrong.sum(), np.float32)
    between = csr_array((ones, (corners[wrong], ranked.picture[wrong])), shape=(count, len(draws)))  # [right, pictures]
    step = draws[ranked.picture[ranked.right]]  # [right, R]
    right = np.cumsum(step, axis=0)
    seen = right + np.cumsum(between @ draws, axis=0)
    precision = np.divide(right, seen, out=np.zeros_like(right), where=seen > 0)
    envelope = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    return np.einsum("dr,dr->r", step, envelope, dtype=np.float64)
