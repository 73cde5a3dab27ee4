"""The pictures from which the converter learns the ranges of a network's activations."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octet.data.reading.pictures import picture_batches
from octet.data.reading.pixel_scale import BRIGHTEST, DARKEST
from octet.data.reading.pixels import normalize


def calibration_pictures(records: Path, size: int, count: int) -> Iterator[NDArray[np.float32]]:
    """The first training pictures, normalized, one at a time: [1, size, size, 3].

    The first has a black and a white pixel added in a corner: a file's input has the range of what it was calibrated
    with, and should be the pixels themselves also where no picture is as dark and as bright as a pixel can be.
    """
    pictures = picture_batches(records, "train", size, batch=1).take(count).map(normalize).as_numpy_iterator()
    first = next(pictures).copy()
    first[0, 0, :2] = [[DARKEST], [BRIGHTEST]]
    yield first
    yield from pictures
