"""Runs a .tflite detector, of this project or another, on any picture; its metadata says how to feed it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from octet.common.errors import UserError, first_line
from octet.data.reading.pictures import resize
from octet.data.reading.pixel_scale import PIXEL_SCALE, PIXEL_ZERO
from octet.recipe.detection import Suppression
from octet.tasks.detection.metric.boxes import corners_to_ltrb_pixels
from octet.tasks.detection.network.suppression import suppress
from octet.tflite.files import metadata
from octet.tflite.files.labels import MOST_LABEL_BYTES, parse_labels
from octet.tflite.running.running import Runner

_DETECTIONS, _HEADS = 4, 2  # the number of outputs of a file that gives detections, and of one that gives raw heads
# For a file with raw heads, which names no thresholds: these keep all detections that matter to average precision.
_DEFAULT_SUPPRESSION = Suppression(score_threshold=0.02, iou_threshold=0.5, max_detections=100)
_MOST_BYTES = 2**31 - 1  # of a .tflite file, by its format
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
        if not file.is_file():
            raise UserError(f"{file}: no such model")
        if file.stat().st_size > _MOST_BYTES:
            raise UserError(f"{file}: has {file.stat().st_size:,} bytes, expected at most {_MOST_BYTES:,}")
        self._file = file
        try:
            facts = metadata.read_metadata(file)
            # One thread: with more, the last operator of most detectors loses a class (tensorflow/tensorflow#56058).
            self._run = Runner(file, *_normalization(facts))
        except Exception as error:  # a file that is not a model can make its readers raise anything
            raise UserError(f"{file}: not a model that LiteRT runs: {first_line(error)}") from None
        tensors = (self._run.input_details, *self._run.output_details)
        if any(np.dtype(tensor["dtype"]).kind not in "fiu" for tensor in tensors):
            raise UserError(f"{file}: takes or gives what are no numbers; expected a detector")
        shape = tuple(map(int, self._run.input_details["shape"]))
        if len(shape) != 4 or shape[:1] + shape[3:] != (1, 3) or shape[1] != shape[2] or shape[1] < 1:
            raise UserError(f"{file}: takes {list(shape)}; expected one square RGB picture, [1, S, S, 3]")
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
        try:
            outputs = self._run(resize(picture, self.side).numpy())
        except (RuntimeError, ValueError, TypeError, IndexError) as error:  # what LiteRT raises on an operator or shape
            raise UserError(f"{self._file}: LiteRT cannot run it: {first_line(error)}") from None
        boxes, classes, scores, count = self._detections(outputs)
        self._require_detections(boxes, classes, scores, count)
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
        if codes.shape != self._anchors.shape or scores.ndim != 2 or len(scores) != len(codes):
            raise UserError(
                f"{self._file}: gives box codes {list(codes.shape)} and scores {list(scores.shape)} for "
                f"{len(self._anchors)} anchors"
            )
        detections = suppress(codes[None], scores[None], self._anchors, self._suppression)
        return [tensor.numpy()[0] for tensor in detections]

    def _require_detections(
        self, boxes: NDArray[Any], classes: NDArray[Any], scores: NDArray[Any], count: NDArray[Any]
    ) -> None:
        """Refuse outputs that do not fit together, or that are no numbers."""
        slots = len(scores) if np.ndim(scores) == 1 else 0
        shapes = [np.shape(output) for output in (boxes, classes, scores, count)]
        if shapes != [(slots, 4), (slots,), (slots,), ()]:
            raise UserError(f"{self._file}: gives {', '.join(map(str, shapes))}; expected (D, 4), (D,), (D,), ()")
        if not 0 <= count <= slots:
            raise UserError(f"{self._file}: gives a count of {count:g}; expected 0 to {slots}")
        if np.isnan(boxes).any() or not (np.isfinite(classes).all() and np.isfinite(scores).all()):
            raise UserError(f"{self._file}: gives boxes, classes or scores that are not finite numbers")

    def _label(self, class_: int) -> str:
        return self.labels[class_] if 0 <= class_ < len(self.labels) else str(class_)

    @staticmethod
    def _read_anchors(file: Path) -> NDArray[np.float32]:
        anchors = file.with_name("anchors.npy")
        if not anchors.is_file():
            raise UserError(
                f"{file}: gives box codes, which need its anchors to be decoded: put {anchors.name} beside it"
            )
        try:
            # Mapped, so that a header that tells of more than the file has takes no memory.
            values = np.array(np.lib.format.open_memmap(anchors, mode="r"), np.float32)
        except (ValueError, OSError, EOFError, OverflowError) as error:
            raise UserError(f"{anchors}: not a file of anchors: {first_line(error)}") from None
        if values.ndim != 2 or values.shape[1] != 4 or not np.isfinite(values).all():
            raise UserError(f"{anchors}: has {list(values.shape)} values; expected [anchors, 4], all finite")
        return values


def _normalization(facts: metadata.Fields | None) -> tuple[float, float]:
    """The mean and standard deviation that the metadata names; those of Octet's own files where it names none."""
    units = (
        unit
        for graph in (facts or {}).get("subgraph_metadata", [])
        for picture in graph.get("input_tensor_metadata", [])
        for unit in picture.get("process_units", [])
    )
    named = (unit.get("options", {}).get("NormalizationOptions") for unit in units)
    options = next(filter(None, named), {"mean": [PIXEL_ZERO], "std": [PIXEL_SCALE]})
    mean, deviation = float(options["mean"][0]), float(options["std"][0])
    if not (isfinite(mean) and isfinite(deviation) and deviation > 0):
        raise ValueError(f"its metadata names the mean {mean:g} and the standard deviation {deviation:g} of pixels")
    return mean, deviation


def _read_labels(file: Path, given: Path | None) -> list[str]:
    """The labels in the file that the user named, or else those in the model's metadata."""
    if given:
        if not given.is_file():
            raise UserError(f"{given}: no such file of labels")
        with given.open("rb") as content:
            return parse_labels(content.read(MOST_LABEL_BYTES + 1), str(given))
    labels = metadata.read_metadata_labels(file)
    if labels is None:
        raise UserError(f"{file}: contains no labels: name a file with one label on each line, with --labels")
    return labels


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Finder] = Finder
