"""Runs a .tflite file, of this project or another, on any picture, and finds its labels."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octet.common.errors import UserError, first_line
from octet.data.reading.pictures import resize
from octet.tflite.files import metadata
from octet.tflite.files.labels import MOST_LABEL_BYTES, parse_labels
from octet.tflite.opening.picture_runner import PictureRunner
from octet.tflite.running.running import Outputs


class AnyFile:
    """A file that takes one square RGB picture and gives numbers; `expected` is what the user asked for, in words."""

    def __init__(self, file: Path, expected: str) -> None:
        # One thread: with more, the last operator of most detectors loses a class (tensorflow/tensorflow#56058).
        self._file, self._run = file, PictureRunner(file, expected)

    @property
    def side(self) -> int:
        """The side of the square pictures that the network takes, in pixels."""
        return self._run.side

    @property
    def output_shapes(self) -> Sequence[Sequence[int]]:
        """The shape of each output, as the file says it; some outputs get another one when the file runs."""
        return [tuple(map(int, output["shape"])) for output in self._run.output_details]

    def take_pixels(self, scale: str | None) -> None:
        """Feed pixels as a name of PIXEL_SCALES says, or without one as the file does; refuse what cannot be."""
        self._run.take_pixels(scale)

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
