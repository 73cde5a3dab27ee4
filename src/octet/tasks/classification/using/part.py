"""Tells what pictures show, with a .tflite classifier of this project or another."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from octet.common.errors import UserError
from octet.tflite.opening.any_file import AnyFile


@dataclass(frozen=True)
class Answer:
    """A class that a picture may be of."""

    label: str
    score: float
    box: None = None  # it is about the whole picture


class Finder:
    """Scores all classes that a file knows on pictures of any size."""

    def __init__(self, file: Path, labels: Path | None = None) -> None:
        self._file, self._run = file, AnyFile(file, "a classifier")
        shapes = self._run.output_shapes
        if len(shapes) > 1:
            raise UserError(
                f"{file}: has {len(shapes)} outputs, as detectors have; expected a classifier: use octet detect"
            )
        ((*others, classes),) = (shape or (1,) for shape in shapes)
        if any(side != 1 for side in others) or classes < 2:
            raise UserError(f"{file}: gives {list(shapes[0])}; expected a classifier, with scores [1, classes]")
        self.labels = self._run.read_labels(labels)
        if len(self.labels) != classes:
            raise UserError(
                f"{file}: has scores for {classes} classes, but there are {len(self.labels)} labels: name a file with "
                f"{classes} lines, with --labels"
            )

    @property
    def side(self) -> int:
        """The side of the square pictures that the network takes, in pixels."""
        return self._run.side

    def take_pixels(self, scale: str | None) -> None:
        """Feed pixels as a name of PIXEL_SCALES says, or without one as the file does; refuse what cannot be."""
        self._run.take_pixels(scale)

    def __call__(self, picture: NDArray[np.uint8]) -> list[Answer]:
        """The score of every class for an RGB picture [H, W, 3], the highest first; of equal ones the first class."""
        (output,) = self._run(picture)
        scores = np.ravel(output)
        if scores.shape != (len(self.labels),) or not np.isfinite(scores).all():
            raise UserError(f"{self._file}: gives scores that are not {len(self.labels)} finite numbers")
        order = np.argsort(-scores.astype(np.float64), kind="stable")
        return [Answer(self.labels[class_], float(scores[class_])) for class_ in order]


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Finder] = Finder
