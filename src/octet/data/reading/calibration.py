"""The pictures from which the ranges of a network's activations are learnt: the first of the training split."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octet.common.tensorflow import tf
from octet.data.reading.pictures import picture_batches
from octet.data.reading.pixel_scale import BRIGHTEST, DARKEST
from octet.data.reading.pixels import normalize


def calibration_batches(records: Path, size: int, batch: int, count: int) -> tf.data.Dataset:
    """The first batches of training pictures, normalized: [batch, size, size, 3]."""
    return picture_batches(records, "train", size, batch).take(count).map(normalize)


def calibration_pictures(records: Path, size: int, count: int) -> Iterator[NDArray[np.float32]]:
    """The same pictures for the converter, one at a time: [1, size, size, 3].

    The first has a black and a white pixel added in a corner: a file's input has the range of what it was calibrated
    with, and should be the pixels themselves also where no picture is as dark and as bright as a pixel can be.
    """
    pictures = calibration_batches(records, size, 1, count).as_numpy_iterator()
    first = next(pictures).copy()
    first[0, 0, :2] = [[DARKEST], [BRIGHTEST]]
    yield first
    yield from pictures
