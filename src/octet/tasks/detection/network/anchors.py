"""Anchors: the fixed boxes that the network predicts relative to, several shapes in each cell of every level's grid."""

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from octet.recipe.detection import Level, Model


def make_anchors(model: Model) -> NDArray[np.float32]:
    """All anchors [A, 4] as y, x of the centre, height and width in 0..1, in the order of the network's outputs."""
    return np.concatenate([_level_anchors(level, grid_side(model.input_size, level.stride)) for level in model.levels])


def grid_side(input_size: int, stride: int) -> int:
    """The number of cells along a side of a level's grid."""
    return math.ceil(input_size / stride)


def _level_anchors(level: Level, side: int) -> NDArray[np.float32]:
    """The anchors [cells * shapes, 4] of a level: every scale in every ratio in every cell."""
    centres = (np.arange(side) + 0.5) / side
    shapes = [
        (scale / math.sqrt(ratio), scale * math.sqrt(ratio))
        for scale, ratio in itertools.product(level.scales, level.ratios)
    ]
    cells = [(y, x, height, width) for y in centres for x in centres for height, width in shapes]
    return np.array(cells, np.float32)
