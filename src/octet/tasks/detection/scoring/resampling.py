"""Mean average precision on resampled pictures, without matching or ranking the detections again for each resample.

A resample only weighs pictures: a detection counts as often as its picture was drawn.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from octet.tasks.detection.metric.average_precision import RankedDetections

# From recalls to the share of what precision is averaged over that lies at these recalls or below.
ShareReached = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def resampled_map(
    ranked: Sequence[RankedDetections], draws: NDArray[np.float32], share_reached: ShareReached
) -> NDArray[np.float64]:
    """Mean average precision on every resample [R], over those of `ranked` that have objects in it.

    `draws` [pictures, R] says how often each resample has each picture.
    """
    objects = np.stack([one.objects for one in ranked]).astype(np.float32) @ draws  # [N, R]
    precisions = np.stack(
        [_average_precisions(one, draws, count, share_reached) for one, count in zip(ranked, objects, strict=True)]
    )  # [N, R], 0 where there are no objects
    return precisions.sum(axis=0) / np.maximum((objects > 0).sum(axis=0), 1)


def _average_precisions(
    ranked: RankedDetections, draws: NDArray[np.float32], objects: NDArray[np.float32], share_reached: ShareReached
) -> NDArray[np.float64]:
    """The average precision on every resample [R], each of which has so many objects.

    The curve's corners are the correct detections; of the wrong ones matters only how many come before each corner.
    """
    corners: NDArray[np.int64] = np.cumsum(ranked.correct) - ranked.correct  # [D], how many correct ones come before
    count = int(ranked.correct.sum())
    wrong = ~ranked.correct & (corners < count)
    ones = np.ones(wrong.sum(), np.float32)
    between = csr_array((ones, (corners[wrong], ranked.picture[wrong])), shape=(count, len(draws)))  # [K, pictures]
    correct = np.cumsum(draws[ranked.picture[ranked.correct]], axis=0)  # [K, R], K correct detections
    detections = correct + np.cumsum(between @ draws, axis=0)
    precision = np.divide(correct, detections, out=np.zeros_like(correct), where=detections > 0)
    envelope = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    recall = correct / np.maximum(objects, 1.0, dtype=np.float64)
    steps = np.diff(share_reached(recall), axis=0, prepend=0.0)
    return np.einsum("dr,dr->r", steps, envelope)
