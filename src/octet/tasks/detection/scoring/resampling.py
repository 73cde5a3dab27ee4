"""Mean average precision on resampled pictures, without ranking the detections again for each resample."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from octet.tasks.detection.metric.average_precision import RankedDetections


def resampled_map(ranked_by_class: Sequence[RankedDetections], draws: NDArray[np.float32]) -> NDArray[np.float64]:
    """VOC2012's mean average precision on every resample [R], over the classes that have objects in it.

    `draws` [pictures, R] says how often each resample has each picture.
    """
    objects = np.stack([ranked.objects.astype(np.float32) @ draws for ranked in ranked_by_class])  # [C, R]
    areas = np.stack([_areas_times_objects(ranked, draws) for ranked in ranked_by_class])  # [C, R]
    precisions = np.divide(areas, objects, out=np.zeros_like(areas), where=objects > 0)
    return precisions.sum(axis=0) / np.maximum((objects > 0).sum(axis=0), 1)


def _areas_times_objects(ranked: RankedDetections, draws: NDArray[np.float32]) -> NDArray[np.float64]:
    """A class's area under the precision-recall curve, times its number of objects, on every resample [R].

    The curve's corners are the correct detections; of the wrong ones matters only how many come before each corner.
    """
    corners: NDArray[np.int64] = np.cumsum(ranked.correct) - ranked.correct  # [D], how many correct ones come before
    count = int(ranked.correct.sum())
    wrong = ~ranked.correct & (corners < count)
    ones = np.ones(wrong.sum(), np.float32)
    between = csr_array((ones, (corners[wrong], ranked.picture[wrong])), shape=(count, len(draws)))  # [K, pictures]
    step = draws[ranked.picture[ranked.correct]]  # [K, R], K correct detections
    correct = np.cumsum(step, axis=0)
    detections = correct + np.cumsum(between @ draws, axis=0)
    precision = np.divide(correct, detections, out=np.zeros_like(correct), where=detections > 0)
    envelope = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    return np.einsum("dr,dr->r", step, envelope, dtype=np.float64)
