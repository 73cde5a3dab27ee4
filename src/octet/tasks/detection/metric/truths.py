"""Ground truth: the objects in each picture, read from the records."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octet.data.reading.records import read_each
from octet.data.reading.serialized import Features


@dataclass(frozen=True)
class Truth:
    """The ground truth of one picture."""

    id: str
    width: int
    height: int
    boxes: NDArray[np.float32]  # [G, 4] ymin, xmin, ymax, xmax in 0..1
    classes: NDArray[np.int64]  # [G]
    difficult: NDArray[np.bool_]  # [G]


def read_truths(folder: Path, split: str) -> list[Truth]:
    """The ground truth of each picture of a split, in the order of the records."""
    return read_each(folder, split, _truth)


def _truth(features: Features) -> Truth:
    return Truth(
        id=features.content("id").decode(),
        width=features.integer("width"),
        height=features.integer("height"),
        boxes=features.floats("boxes").reshape(-1, 4),
        classes=features.integers("classes"),
        difficult=features.integers("difficult").astype(bool),
    )
