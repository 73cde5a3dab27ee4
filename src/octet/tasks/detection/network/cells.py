"""Cells: the places of the network's predictions, one in each square of every level's grid."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

CELL_SIDES = 5.0  # sides of its square that the box of a cell has whose code is zero


def make_cells(input_size: int, strides: Sequence[int]) -> NDArray[np.float32]:
    """All cells [A, 4] as y, x of the centre, height and width in 0..1, in the order of the network's outputs.

    They are what TFLite_Detection_PostProcess calls anchors.
    """
    return np.concatenate([_level_cells(grid_side(input_size, stride)) for stride in strides])


def grid_side(input_size: int, stride: int) -> int:
    """The number of cells along a side of a level's grid."""
    return math.ceil(input_size / stride)


def _level_cells(side: int) -> NDArray[np.float32]:
    y, x = np.divmod(np.arange(side * side), side)
    size = np.full_like(y, CELL_SIDES / side, np.float64)
    return np.stack([(y + 0.5) / side, (x + 0.5) / side, size, size], axis=1).astype(np.float32)
