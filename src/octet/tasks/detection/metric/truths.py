"""Ground truth: the objects in each picture, read from the records."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octet.common.tensorflow import tf
from octet.data.reading.records import PICTURE, NumberedExamples, read_split

_SIDES = {name: tf.io.FixedLenFeature([], tf.int64) for name in ("width", "height")}
_OBJECTS = {
    "boxes": tf.io.FixedLenSequenceFeature([4], tf.float32, allow_missing=True),  # [G, 4]
    "classes": tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True),  # [G], 0-based
    "difficult": tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True),  # [G]
    "truncated": tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True),  # [G]
}


@dataclass(frozen=True)
class Truth:
    """The ground truth of one picture."""

    id: str
    width: int
    height: int
    boxes: NDArray[np.float32]  # [G, 4] ymin, xmin, ymax, xmax in 0..1
    classes: NDArray[np.int64]  # [G]
    difficult: NDArray[np.bool_]  # [G]


def read_examples(folder: Path, split: str) -> tf.data.Dataset:
    """The examples of a split: pictures with the objects in them."""
    return read_split(folder, split, {**PICTURE, **_SIDES, **_OBJECTS})


def numbered_examples(folder: Path, split: str) -> NumberedExamples:
    """The same examples by their numbers."""
    return NumberedExamples(folder, split, {**PICTURE, **_SIDES, **_OBJECTS})


def read_truths(folder: Path, split: str) -> list[Truth]:
    """The ground truth of each picture of a split, in the order of the records."""
    return [
        Truth(
            id=example["id"].decode(),
            width=int(example["width"]),
            height=int(example["height"]),
            boxes=example["boxes"],
            classes=example["classes"],
            difficult=example["difficult"].astype(bool),
        )
        for example in read_split(folder, split, {"id": PICTURE["id"], **_SIDES, **_OBJECTS}).as_numpy_iterator()
    ]
