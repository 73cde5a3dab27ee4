"""Runs a .tflite file, of this project or another, on any picture; its metadata says how to feed it."""

from collections.abc import Sequence
from math import isfinite
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octet.common.errors import UserError, first_line
from octet.data.reading.pictures import resize
from octet.data.reading.pixel_scale import PIXEL_SCALE, PIXEL_ZERO
from octet.tflite.files import metadata
from octet.tflite.files.labels import MOST_LABEL_BYTES, parse_labels
from octet.tflite.running.running import Outputs, Runner

_MOST_BYTES = 2**31 - 1  # of a .tflite file, by its format


class AnyFile:
    """A file that takes one square RGB picture and gives numbers; `expected` is what the user asked for, in words."""

    def __init__(self, file: Path, expected: str) -> None:
        if not file.is_file():
            raise UserError(f"{file}: no such model")
        if file.stat().st_size > _MOST_BYTES:
            raise UserError(f"{file}: has {file.stat().st_size:,} bytes, expected at most {_MOST_BYTES:,}")
        self._file = file
        try:
            facts = metadata.read_metadata(file)
            # One thread: with more, the last operator of most detectors loses a class (tensorflow/tensorflow#56058).
            self._run = Runner(file, *pixel_normalization(facts))
        except Exception as error:  # a file that is not a model can make its readers raise anything
            raise UserError(f"{file}: not a model that LiteRT runs: {first_line(error)}") from None
        tensors = (self._run.input_details, *self._run.output_details)
        if any(np.dtype(tensor["dtype"]).kind not in "fiu" for tensor in tensors):
            raise UserError(f"{file}: takes or gives what are no numbers; expected {expected}")
        shape = tuple(map(int, self._run.input_details["shape"]))
        if len(shape) != 4 or shape[:1] + shape[3:] != (1, 3) or shape[1] != shape[2] or shape[1] < 1:
            raise UserError(f"{file}: takes {list(shape)}; expected one square RGB picture, [1, S, S, 3]")

    @property
    def side(self) -> int:
        """The side of the square pictures that the network takes, in pixels."""
        return int(self._run.input_details["shape"][1])

    @property
    def output_shapes(self) -> Sequence[Sequence[int]]:
        """The shape of each output, as the file says it; some outputs get another one when the file runs."""
        return [tuple(map(int, output["shape"])) for output in self._run.output_details]

    def __call__(self, picture: NDArray[np.uint8]) -> Outputs:
        """The outputs for an RGB picture [H, W, 3] of any size, dequantized and without the axis of the batch."""
        try:
            return self._run(resize(picture, self.side).numpy())
        except (RuntimeError, ValueError, TypeError, IndexError) as error:  # what LiteRT raises on an operator or shape
            raise UserError(f"{self._file}: LiteRT cannot run it: {first_line(error)}") from None

    def read_labels(self, given: Path | None) -> list[str]:
        """The labels in the file that the user named, or else those in the model's metadata."""
        if given:
            if not given.is_file():
                raise UserError(f"{given}: no such file of labels")
            with given.open("rb") as content:
                return parse_labels(content.read(MOST_LABEL_BYTES + 1), str(given))
        labels = metadata.read_metadata_labels(self._file)
        if labels is None:
            raise UserError(f"{self._file}: contains no labels: name a file with one label on each line, with --labels")
        return labels


def pixel_normalization(facts: metadata.Fields | None) -> tuple[float, float]:
    """The mean and standard deviation that the metadata names; those of Octet's own files where it names none."""
    units = (
        unit
        for graph in (facts or {}).get("subgraph_metadata", [])
        for picture in graph.get("input_tensor_metadata", [])
        for unit in picture.get("process_units", [])
    )
    named = (unit.get("options", {}).get("NormalizationOptions") for unit in units)
    options = next(filter(None, named), {"mean": [PIXEL_ZERO], "std": [PIXEL_SCALE]})
    if len({*options["mean"]}) > 1 or len({*options["std"]}) > 1:
        raise ValueError("its metadata names means or standard deviations by colour; expected one for all")
    mean, deviation = float(options["mean"][0]), float(options["std"][0])
    if not (isfinite(mean) and isfinite(deviation) and deviation > 0):
        raise ValueError(f"its metadata names the mean {mean:g} and the standard deviation {deviation:g} of pixels")
    return mean, deviation
