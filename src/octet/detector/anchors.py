"""Anchors: the boxes that the network starts from, a grid of several shapes on every level."""

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from octet.recipe import Model


def anchors_per_cell(model: Model) -> int:
    """Every scale of a level in every ratio."""
    return len(model.octave_scales) * len(model.aspect_ratios)


def make_anchors(model: Model) -> NDArray[np.float32]:
    """All anchors [A, 4] in the centre form y, x, height, width in 0..1, in the order of the network's outputs."""
    return np.concatenate(
        [_level(model, stride, scale) for stride, scale in zip(model.strides, model.anchor_scales, strict=True)]
    )


def grid_side(input_size: int, stride: int) -> int:
    """Cells along a side of a level."""
    return math.ceil(input_size / stride)


def _level(model: Model, stride: int, scale: float) -> NDArray[np.float32]:
    side = grid_side(model.input_size, stride)
    centres = (np.arange(side) + 0.5) / side
    shapes = [
        (scale * octave / math.sqrt(ratio), scale * octave * math.sqrt(ratio))
        for octave, ratio in itertools.product(model.octave_scales, model.aspect_ratios)
    ]
    cells = [(y, x, height, width) for y in centres for x in centres for height, width in shapes]
    return np.array(cells, np.float32)
