"""Levels whose anchors have the sizes and shapes of given objects."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

_STRIDES = (8, 16, 32, 64, 128)
_FIRST_STRIDES = (8, 16, 32)  # the finest level has one of these
_SCALE_STEP = 1.4  # from one scale to the next: between two of them an object's overlap is 0.7
_RATIO_STEP = 1.8
_CELLS = 2.2  # an anchor of a level is about so many of its cells wide
_COMMON = (0.03, 0.97)  # the quantiles between which sizes and shapes are covered


def fit_levels(boxes: NDArray[np.float32], input_size: int) -> list[dict[str, Any]]:
    """Levels, as a recipe gives them, for boxes [G, 4] in corners as shares of the picture's sides."""
    height, width = (boxes[:, 2:] - boxes[:, :2]).T
    scales = _geometric(np.sqrt(height * width), _SCALE_STEP)
    ratios = _geometric(width / height, _RATIO_STEP)
    wanted = [min(_STRIDES, key=lambda stride: abs(math.log(scale * input_size / stride / _CELLS))) for scale in scales]
    first = min(min(wanted), _FIRST_STRIDES[-1])
    strides = [stride for stride in _STRIDES if first <= stride <= max(*wanted, first)]
    levels = []
    for stride in strides:
        here = [scale for scale, level in zip(scales, wanted, strict=True) if max(level, first) == stride]
        levels.append({"stride": stride, "scales": here or [_nearest(stride * _CELLS / input_size)], "ratios": ratios})
    return levels


def _geometric(values: NDArray[np.float32], step: float) -> list[float]:
    """Values that cover the common ones, each at most `step` times the one before."""
    low, high = (float(value) for value in np.quantile(values, _COMMON))
    count = max(1, math.ceil(math.log(high / low) / math.log(step)))
    # In the middles of equal steps, so that the ends are as near to a value as what lies between.
    return [_nearest(low * (high / low) ** ((index + 0.5) / count)) for index in range(count)]


def _nearest(value: float) -> float:
    return float(f"{value:.2g}")
