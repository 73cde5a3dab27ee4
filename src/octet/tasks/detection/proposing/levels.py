"""Chooses the levels of a detector, with anchors that have the sizes and shapes of given objects."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

_STRIDES = (8, 16, 32, 64, 128)
_FIRST_STRIDES = (8, 16, 32)  # the finest level has one of these
_SCALE_STEP = 1.4  # ratio of neighbouring scales: an object between two of them overlaps one by 0.7
_RATIO_STEP = 1.8  # ratio of neighbouring aspect ratios
_CELLS = 2.2  # an anchor of a level is about as wide as so many of the level's cells
_COMMON = (0.03, 0.97)  # the quantiles between which sizes and shapes are covered


def fit_levels(boxes: NDArray[np.float32], input_size: int) -> list[dict[str, Any]]:
    """Levels, as a recipe gives them, for boxes [G, 4] given as corners in shares of the picture's sides."""
    height, width = (boxes[:, 2:] - boxes[:, :2]).T
    scales = _geometric_steps(np.sqrt(height * width), _SCALE_STEP)
    ratios = _geometric_steps(width / height, _RATIO_STEP)
    best_strides = [
        min(_STRIDES, key=lambda stride: abs(math.log(scale * input_size / stride / _CELLS))) for scale in scales
    ]
    first = min(min(best_strides), _FIRST_STRIDES[-1])
    levels = []
    for stride in _STRIDES:
        if first <= stride <= max(*best_strides, first):
            level_scales = [
                scale for scale, best in zip(scales, best_strides, strict=True) if max(best, first) == stride
            ]
            default_scales = [_two_digits(stride * _CELLS / input_size)]
            levels.append({"stride": stride, "scales": level_scales or default_scales, "ratios": ratios})
    return levels


def _geometric_steps(values: NDArray[np.float32], step: float) -> list[float]:
    """Numbers that cover the common values, each at most `step` times the one before."""
    low, high = (float(value) for value in np.quantile(values, _COMMON))
    count = max(1, math.ceil(math.log(high / low) / math.log(step)))
    # The middles of equal steps, so that the lowest and highest values are as near to a number as those between.
    return [_two_digits(low * (high / low) ** ((index + 0.5) / count)) for index in range(count)]


def _two_digits(value: float) -> float:
    """The value rounded to two significant digits."""
    return float(f"{value:.2g}")
