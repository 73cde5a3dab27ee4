"""Ground truth: the class of each picture, read from the records."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octet.common.tensorflow import tf
from octet.data.reading.records import PICTURE, NumberedExamples, read_split

_CLASS = {"class": tf.io.FixedLenFeature([], tf.int64)}  # 0-based
_SIDES = {name: tf.io.FixedLenFeature([], tf.int64) for name in ("width", "height")}


@dataclass(frozen=True)
class Truths:
    """The ids of a split's pictures and their classes, in the order of the records."""

    ids: tuple[str, ...]
    classes: NDArray[np.int64]  # [N], 0-based


def read_examples(folder: Path, split: str) -> tf.data.Dataset:
    """The examples of a split: pictures, their sides and their classes."""
    return read_split(folder, split, {**PICTURE, **_SIDES, **_CLASS})


def numbered_examples(folder: Path, split: str) -> NumberedExamples:
    """The same examples by their numbers."""
    return NumberedExamples(folder, split, {**PICTURE, **_SIDES, **_CLASS})


def read_truths(folder: Path, split: str) -> Truths:
    """The ground truth of a split."""
    examples = [*read_split(folder, split, {"id": PICTURE["id"], **_CLASS}).as_numpy_iterator()]
    return Truths(
        ids=tuple(example["id"].decode() for example in examples),
        classes=np.array([example["class"] for example in examples], np.int64),
    )
