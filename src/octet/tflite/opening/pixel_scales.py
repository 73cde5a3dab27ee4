"""The scales in which models expect pixels, by the names that users say; free of TensorFlow, so that help is quick."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class PixelScale(NamedTuple):
    """How a model expects pixels p of 0..255: as (p - offset) / divisor."""

    offset: float
    divisor: float


PIXEL_SCALES: Mapping[str, PixelScale] = MappingProxyType(
    {"raw": PixelScale(0.0, 1.0), "unit": PixelScale(0.0, 255.0), "signed": PixelScale(127.5, 127.5)}
)
PIXEL_SCALES_HELP = "raw (0..255), unit (0..1) or signed (-1..1)"
