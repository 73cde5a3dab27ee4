"""Runs a .tflite file of any origin on square pictures, and feeds it no pixel in a scale that is only guessed."""

from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octet.common.errors import UserError, first_line
from octet.tflite.files import metadata
from octet.tflite.opening.pixel_scales import PIXEL_SCALES, PIXEL_SCALES_HELP, PixelScale
from octet.tflite.running.running import Runner

_MOST_BYTES = 2**31 - 1  # of a .tflite file, by its format
_RAW = PIXEL_SCALES["raw"]


class PictureRunner(Runner):
    """A file that takes one square RGB picture and gives numbers; `expected` is what the user asked for, in words.

    How it expects pixels is what `take_pixels` is told, or else what its metadata says. Without either, a uint8 input
    takes them as they are, whatever its quantization: so the format wants it. Any other input is then refused.
    """

    def __init__(self, file: Path, expected: str, threads: int = 1) -> None:
        if not file.is_file():
            raise UserError(f"{file}: no such model")
        if file.stat().st_size > _MOST_BYTES:
            raise UserError(f"{file}: has {file.stat().st_size:,} bytes, expected at most {_MOST_BYTES:,}")
        self._file = file
        try:
            named = pixel_normalization(metadata.read_metadata(file))
            super().__init__(file, threads=threads)
        except Exception as error:  # a file that is not a model can make its readers raise anything
            raise UserError(f"{file}: not a model that LiteRT runs: {first_line(error)}") from None
        if any(np.dtype(tensor["dtype"]).kind not in "fiu" for tensor in (self.input_details, *self.output_details)):
            raise UserError(f"{file}: takes or gives what are no numbers; expected {expected}")
        signature = [*map(int, self.input_details["shape_signature"])]
        if -1 in signature[1:3]:  # which the runtime takes for 1
            raise UserError(
                f"{file}: takes {signature}, pictures of any size; expected one size, [1, S, S, 3]: convert the model "
                "for one, as octet quantize does with --shape 1,S,S,3"
            )
        shape = tuple(map(int, self.input_details["shape"]))
        if len(shape) != 4 or shape[:1] + shape[3:] != (1, 3) or shape[1] != shape[2] or shape[1] < 1:
            raise UserError(f"{file}: takes {list(shape)}; expected one square RGB picture, [1, S, S, 3]")
        self._type = np.dtype(self.input_details["dtype"])
        self._is_quantized = self.input_details["quantization"][0] != 0
        is_raw = self._type == np.uint8 and not (named and self._is_quantized)
        self._scale = _RAW if is_raw else named

    @property
    def side(self) -> int:
        """The side of the square pictures that the network takes, in pixels."""
        return int(self.input_details["shape"][1])

    def take_pixels(self, scale: str | None) -> None:
        """Feed pixels as a name of PIXEL_SCALES says, or without one as the file does; refuse what cannot be."""
        if scale:
            self._scale = PIXEL_SCALES[scale]
        self._require_scale()

    def as_input(self, pixels: NDArray[np.uint8]) -> NDArray[Any]:
        """Pixels [N, S, S, 3] as the input takes them."""
        scale = self._require_scale()
        if self._type == np.uint8 and scale == _RAW:
            return pixels
        self._mean, self._deviation = scale
        return super().as_input(pixels)

    def _require_scale(self) -> PixelScale:
        """How the model expects pixels, where that is known and the input can hold them."""
        if self._scale is None:
            raise UserError(
                f"{self._file}: its input is {self._type}, and its metadata names no normalization: say how the model "
                f"expects its pixels, with --pixels {PIXEL_SCALES_HELP}"
            )
        if self._type.kind in "iu" and not self._is_quantized:
            if np.iinfo(self._type).max < 255:
                raise UserError(
                    f"{self._file}: its input is {self._type} without a scale, which does not hold pixels of 0..255; "
                    "expected uint8, a quantized input, or floats"
                )
            if self._scale != _RAW:
                offset, divisor = self._scale
                raise UserError(
                    f"{self._file}: its input is {self._type} without a scale, so only raw fits of --pixels; found "
                    f"(pixel - {offset:g}) / {divisor:g}"
                )
        return self._scale


def pixel_normalization(facts: metadata.Fields | None) -> PixelScale | None:
    """The mean and standard deviation that the metadata names; None where it names none."""
    units = (
        unit
        for graph in (facts or {}).get("subgraph_metadata", [])
        for picture in graph.get("input_tensor_metadata", [])
        for unit in picture.get("process_units", [])
    )
    named = (unit.get("options", {}).get("NormalizationOptions") for unit in units)
    options = next(filter(None, named), None)
    if options is None:
        return None
    if len({*options["mean"]}) > 1 or len({*options["std"]}) > 1:
        raise ValueError("its metadata names means or standard deviations by colour; expected one for all")
    mean, deviation = float(options["mean"][0]), float(options["std"][0])
    if not (isfinite(mean) and isfinite(deviation) and deviation > 0):
        raise ValueError(f"its metadata names the mean {mean:g} and the standard deviation {deviation:g} of pixels")
    return PixelScale(mean, deviation)
