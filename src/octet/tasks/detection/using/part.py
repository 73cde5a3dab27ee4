"""A .tflite detector of ours or another's, from its file alone: what it takes and its labels stand in its metadata."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from octet.common.errors import UserError, first_line
from octet.data.reading.pictures import resize
from octet.data.reading.pixels import PIXEL_SCALE, PIXEL_ZERO
from octet.recipe.detection import Suppression
from octet.tasks.detection.metric.boxes import corners_to_ltrb_pixels
from octet.tasks.detection.network.suppression import detect
from octet.tflite.files import metadata
from octet.tflite.running.running import Runner

_DETECTIONS, _HEADS = 4, 2  # how many outputs there are
# Of a file that ends in heads, which says nothing of it: all that average precision takes notice of.
_USUAL = Suppression(score_threshold=0.02, iou_threshold=0.5, max_detections=100)
_RANKS = [3, 2, 2, 1]  # of boxes [1, D, 4], classes [1, D], scores [1, D] and count [1]


@dataclass(frozen=True)
class Detection:
    """One thing that was found."""

    label: str
    score: float
    box: tuple[float, float, float, float]  # left, top, right, bottom in the picture's pixels


class Finder:
    """Finds things in pictures of any size; `suppression` is for a file that ends in heads, others bring their own."""

    def __init__(self, file: Path, labels: Path | None = None, suppression: Suppression = _USUAL) -> None:
        if not file.exists():
            raise UserError(f"{file}: no such model")
        try:
            told = metadata.read_metadata(file)
            # One thread: with more, the op that most detectors end in loses a class (tensorflow/tensorflow#56058).
            self._run = Runner(file, *_normalization(told))
        except Exception as error:  # whatever a file that is no model does to its readers
            raise UserError(f"{file}: not a model that LiteRT runs: {first_line(error)}") from None
        outputs = len(self._run.output_details)
        if outputs not in (_DETECTIONS, _HEADS):
            raise UserError(f"{file}: has {outputs} outputs, and a detector has {_DETECTIONS} or {_HEADS}")
        if outputs == _DETECTIONS and [len(of["shape"]) for of in self._run.output_details] != _RANKS:
            raise UserError(f"{file}: its outputs are not boxes, classes, scores and count, in this order")
        self._anchors = self._read_anchors(file) if outputs == _HEADS else None
        self._suppression = suppression
        self.labels = _read_labels(file, labels)

    @property
    def side(self) -> int:
        """Of the pictures that the network takes."""
        return int(self._run.input_details["shape"][1])

    def __call__(self, picture: NDArray[np.uint8]) -> list[Detection]:
        """What is in an RGB picture [H, W, 3], best first."""
        outputs = self._run(resize(picture, self.side).numpy())
        boxes, classes, scores, count = self._detections(outputs)
        corners = np.asarray(boxes, np.float64).clip(0, 1)
        drawn = corners_to_ltrb_pixels(corners, *picture.shape[:2])
        return [
            Detection(
                self._label(int(class_)),
                float(score),
                tuple(box.tolist()),
            )
            for box, class_, score in list(zip(drawn, classes, scores, strict=True))[: int(count)]
        ]

    def _detections(self, outputs: Sequence[NDArray[Any]]) -> Sequence[NDArray[Any]]:
        if self._anchors is None:
            return outputs
        codes, scores = outputs
        return [of.numpy()[0] for of in detect(codes[None], scores[None], self._anchors, self._suppression)]

    def _label(self, class_: int) -> str:
        return self.labels[class_] if class_ < len(self.labels) else str(class_)

    @staticmethod
    def _read_anchors(file: Path) -> NDArray[np.float32]:
        anchors = file.with_name("anchors.npy")
        if not anchors.exists():
            raise UserError(f"{file}: ends in heads, and its anchors are not beside it: {anchors} is missing")
        return np.load(anchors)


def _normalization(told: metadata.Fields | None) -> tuple[float, float]:
    """The mean and the deviation that the file's metadata names; those of our own files where it names none."""
    if not told:
        return PIXEL_ZERO, PIXEL_SCALE
    units = (
        unit
        for graph in told.get("subgraph_metadata", [])
        for picture in graph.get("input_tensor_metadata", [])
        for unit in picture.get("process_units", [])
    )
    named = (unit["options"].get("NormalizationOptions") for unit in units)
    how = next(filter(None, named), {"mean": [PIXEL_ZERO], "std": [PIXEL_SCALE]})
    return float(how["mean"][0]), float(how["std"][0])


def _read_labels(file: Path, given: Path | None) -> list[str]:
    if given:
        if not given.exists():
            raise UserError(f"{given}: no such labels")
        try:
            return given.read_text().splitlines()
        except UnicodeDecodeError:
            raise UserError(f"{given}: is no text, with a label a line") from None
    labels = metadata.read_metadata_labels(file)
    if labels is None:
        raise UserError(f"{file}: says nothing of its labels: name a file that has one a line, with --labels")
    return labels


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Finder] = Finder
