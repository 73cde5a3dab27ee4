"""Ground truth: the class of each picture, read from the records."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octet.data.reading.records import read_each


@dataclass(frozen=True)
class Truths:
    """The ids of a split's pictures and their classes, in the order of the records."""

    ids: tuple[str, ...]
    classes: NDArray[np.int64]  # [N], 0-based


def read_truths(folder: Path, split: str) -> Truths:
    """The ground truth of a split."""
    pairs = read_each(folder, split, lambda features: (features.content("id").decode(), features.integer("class")))
    return Truths(tuple(id for id, _ in pairs), np.array([class_ for _, class_ in pairs], np.int64))
