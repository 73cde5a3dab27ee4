"""Finds objects with a .tflite detector, of this project or another, in any picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from octet.common.errors import UserError, first_line
from octet.recipe.detection import Suppression
from octet.tasks.detection.metric.boxes import corners_to_ltrb_pixels
from octet.tasks.detection.network.suppression import suppress
from octet.tflite.opening.any_file import AnyFile

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
        self._file, self._run = file, AnyFile(file, "a detector")
        shapes = self._run.output_shapes
        if len(shapes) == 1:
            raise UserError(
                f"{file}: has one output, {list(shapes[0])}, as classifiers have; expected a detector: "
                "use octet classify"
            )
        if len(shapes) not in (_DETECTIONS, _HEADS):
            raise UserError(f"{file}: has {len(shapes)} outputs; expected a detector, with {_DETECTIONS} or {_HEADS}")
        if len(shapes) == _DETECTIONS and [*map(len, shapes)] != _RANKS:
            raise UserError(f"{file}: expected boxes, classes, scores and count as outputs, in this order")
        self._anchors = self._read_anchors(file) if len(shapes) == _HEADS else None
        self._suppression = suppression
        self.labels = self._run.read_labels(labels)

    @property
    def side(self) -> int:
        """The side of the square pictures that the network takes, in pixels."""
        return self._run.side

    def take_pixels(self, scale: str | None) -> None:
        """Feed pixels as a name of PIXEL_SCALES says, or without one as the file does; refuse what cannot be."""
        self._run.take_pixels(scale)

    def __call__(self, picture: NDArray[np.uint8]) -> list[Detection]:
        """The detections in an RGB picture [H, W, 3], the highest score first."""
        boxes, classes, scores, count = self._detections(self._run(picture))
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


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Finder] = Finder
