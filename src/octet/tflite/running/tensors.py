"""Quantizing and dequantizing values, by the details that TFLite's interpreter has of a tensor."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def quantized(values: NDArray[Any], details: Mapping[str, Any]) -> NDArray[Any]:
    """Real values as the tensor holds them: rounded to its scale and zero point, in its type."""
    scale, zero = details["quantization"]
    if not scale:
        return values.astype(details["dtype"])
    limits = np.iinfo(details["dtype"])
    return np.round(values / scale + zero).clip(limits.min, limits.max).astype(details["dtype"])


def dequantized(codes: NDArray[Any], details: Mapping[str, Any]) -> NDArray[Any]:
    """The real values that the contents of a tensor stand for, in 32-bit floats where it is quantized."""
    scale, zero = details["quantization"]
    return (codes.astype(np.float32) - zero) * np.float32(scale) if scale else codes
