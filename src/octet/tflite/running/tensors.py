"""Numbers as a tensor of TFLite's holds them, by the details that its interpreter tells of it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def quantized(values: NDArray[Any], details: Mapping[str, Any]) -> NDArray[Any]:
    """Numbers as an input takes them."""
    scale, zero = details["quantization"]
    if not scale:
        return values.astype(details["dtype"])
    limits = np.iinfo(details["dtype"])
    return np.round(values / scale + zero).clip(limits.min, limits.max).astype(details["dtype"])


def dequantized(codes: NDArray[Any], details: Mapping[str, Any]) -> NDArray[Any]:
    """Numbers that an output means."""
    scale, zero = details["quantization"]
    return (codes.astype(np.float32) - zero) * np.float32(scale) if scale else codes
