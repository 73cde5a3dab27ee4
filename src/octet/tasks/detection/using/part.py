"""Runs a .tflite detector, of this project or another, on any picture; its metadata says how to feed it."""

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
from octet.tasks.detection.network.suppression import suppress
from octet.tflite.files import metadata
from octet.tflite.running.running import Runner

_DETECTIONS, _HEADS = 4, 2  # the number of outputs of a file that gives detections, and of one that gives raw heads
# For a file with raw heads, which names no thresholds: these keep all detections that matter to average precision.
_DEFAULT_SUPPRESSION = Suppression(score_threshold=0.02, iou_threshold=0.5, max_detections=100)
_RANKS = [3, 2, 2, 1]  # the number of axes of boxes [1, D, 4], classes [1, D], scores [1, D] and count [1]


@dataclass(frozen=True)
class Detection:
    """An object that the detector found in a picture."""

    label: str
    score: float
    box: tuple[float, float, float, float]  # left, top, right, bottom in the picture's pixels


class Finder:
    """Finds objects in pictures of any size; `suppression` is for files with raw heads, as others do it themselves."""

    def __init__(self, file: Path, labels: Path | None = None, suppression: Suppression = _DEFAULT_SUPPRESSION) -> None:
        if not file.exists():
            raise UserError(f"{file}: no such model")
        try:
            facts = metadata.read_metadata(file)
            # One thread: with more, the last operator of most detectors loses a class (tensorflow/tensorflow#56058).
            self._run = Runner(file, *_normalization(facts))
        except Exception as error:  # a file that is not a model can make its readers raise anything
            raise UserError(f"{file}: not a model that LiteRT runs: {first_line(error)}") from None
        outputs = len(self._run.output_details)
        if outputs not in (_DETECTIONS, _HEADS):
            raise UserError(f"{file}: has {outputs} outputs; expected a detector, with {_DETECTIONS} or {_HEADS}")
        if outputs == _DETECTIONS and [len(output["shape"]) for output in self._run.output_details] != _RANKS:
            raise UserError(f"{file}: expected boxes, classes, scores and count as outputs, in this order")
        self._anchors = self._read_anchors(file) if outputs == _HEADS else None
        self._suppression = suppression
        self.labels = _read_labels(file, labels)

    @property
    def side(self) -> int:
        """The side of the square pictures that the network takes, in pixels."""
        return int(self._run.input_details["shape"][1])

    def __call__(self, picture: NDArray[np.uint8]) -> list[Detection]:
        """The detections in an RGB picture [H, W, 3], the highest score first."""
        outputs = self._run(resize(picture, self.side).numpy())
        boxes, classes, scores, count = self._detections(outputs)
        corners = np.asarray(boxes, np.float64).clip(0, 1)
        pixel_boxes = corners_to_ltrb_pixels(corners, *picture.shape[:2])
        return [
            Detection(
                self._label(int(class_)),
                float(score),
                tuple(box.tolist()),
            )
            for box, class_, score in list(zip(pixel_boxes, classes, scores, strict=True))[: int(count)]
        ]

    def _detections(self, outputs: Sequence[NDArray[Any]]) -> Sequence[NDArray[Any]]:
        """Boxes [D, 4], classes [D], scores [D] and the count, from the outputs of either kind of file."""
        if self._anchors is None:
            return outputs
        codes, scores = outputs
        detections = suppress(codes[None], scores[None], self._anchors, self._suppression)
        return [tensor.numpy()[0] for tensor in detections]

    def _label(self, class_: int) -> str:
        return self.labels[class_] if class_ < len(self.labels) else str(class_)

    @staticmethod
    def _read_anchors(file: Path) -> NDArray[np.float32]:
        anchors = file.with_name("anchors.npy")
        if not anchors.exists():
            raise UserError(
                f"{file}: gives box codes, which need its anchors to be decoded: put {anchors.name} beside it"
            )
        return np.load(anchors)


def _normalization(facts: metadata.Fields | None) -> tuple[float, float]:
    """The mean and standard deviation that the metadata names; those of Octet's own files where it names none."""
    if not facts:
        return PIXEL_ZERO, PIXEL_SCALE
    units = (
        unit
        for graph in facts.get("subgraph_metadata", [])
        for picture in graph.get("input_tensor_metadata", [])
        for unit in picture.get("process_units", [])
    )
    named = (unit["options"].get("NormalizationOptions") for unit in units)
    options = next(filter(None, named), {"mean": [PIXEL_ZERO], "std": [PIXEL_SCALE]})
    return float(options["mean"][0]), float(options["std"][0])


def _read_labels(file: Path, given: Path | None) -> list[str]:
    """The labels in the file that the user named, or else those in the model's metadata."""
    if given:
        if not given.exists():
            raise UserError(f"{given}: no such file of labels")
        try:
            return given.read_text().splitlines()
        except UnicodeDecodeError:
            raise UserError(f"{given}: not a text file; expected one label on each line") from None
    labels = metadata.read_metadata_labels(file)
    if labels is None:
        raise UserError(f"{file}: contains no labels: name a file with one label on each line, with --labels")
    return labels


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Finder] = Finder
