"""Pictures with the ground truth beside the detections of models, each box coloured by its kind of error."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from octet.data.reading.pictures import decode_jpeg
from octet.reporting.drawing import Box, draw_boxes
from octet.tasks.detection.metric.average_precision import Objects
from octet.tasks.detection.metric.boxes import xywh_to_ltrb
from octet.tasks.detection.metric.detections import Detections
from octet.tasks.detection.metric.truths import Truth
from octet.tasks.detection.showing.errors import (
    BACKGROUND,
    CLASS,
    DUPLICATE,
    IGNORED,
    LOCALISATION,
    MISSED,
    RIGHT,
    Diagnosis,
)

Pixels = NDArray[np.uint8]

COLOURS = {
    RIGHT: (0, 158, 115),
    LOCALISATION: (240, 228, 66),
    CLASS: (204, 121, 167),
    DUPLICATE: (86, 180, 233),
    BACKGROUND: (213, 94, 0),
    MISSED: (230, 40, 40),
    IGNORED: (150, 150, 150),
}
_HARD, _TYPICAL = "hard", "typical"
_SIDE = 480  # px of a picture's longer side: captions can still be read where three pictures are shown side by side
_QUALITY = 78
# The size of a picture in a montage, the gap between pictures, and the colour around them
_TILE, _GAP, _GROUND = 320, 8, (255, 255, 255)

TRUTH = "ground truth"


@dataclass(frozen=True)
class DiagnosedDetections:
    """One model's detections in all pictures, with the kind of error of each."""

    detections: Detections
    diagnosis: Diagnosis


@dataclass(frozen=True)
class ChosenPicture:
    """A picture of the gallery, and why it was chosen."""

    index: int
    kind: str  # hard or typical


@dataclass(frozen=True)
class Exhibit:
    """A picture as the page shows it: JPEGs with the boxes drawn in, by the name of their source, and a title."""

    title: str
    images: Mapping[str, bytes]


def choose_pictures(model: DiagnosedDetections, objects: Objects, count: int) -> list[ChosenPicture]:
    """Choose half of the pictures among those with most errors, half with a usual number of errors.

    The second half comes from the middle of the order by errors, of the pictures that have objects.
    """
    wrong = count_errors(model, objects)
    order = np.argsort(-wrong, kind="stable")
    hard = [int(index) for index in order[: count - count // 2]]
    has_objects = np.isin(order, objects.picture[~objects.difficult]) & ~np.isin(order, hard)
    rest = order[has_objects]
    start = max((len(rest) - count // 2) // 2, 0)
    typical = [int(index) for index in rest[start : start + count // 2]]
    return [ChosenPicture(index, _TYPICAL) for index in typical] + [ChosenPicture(index, _HARD) for index in hard]


def count_errors(model: DiagnosedDetections, objects: Objects) -> NDArray[np.int64]:
    """The number of wrong detections and missed objects in each picture, [pictures]."""
    wrong = ~np.isin(model.diagnosis.kinds, (RIGHT, IGNORED))
    missed = ~model.diagnosis.found & ~objects.difficult
    return np.asarray(
        np.bincount(model.detections.picture[wrong], minlength=objects.pictures)
        + np.bincount(objects.picture[missed], minlength=objects.pictures)
    )


def make_exhibit(
    chosen: ChosenPicture,
    jpeg: bytes,
    truth: Truth,
    objects: Objects,
    models: Mapping[str, DiagnosedDetections],
    classes: Sequence[str],
) -> Exhibit:
    """The chosen picture with the ground truth, where objects that the last model missed are marked, and once more with
    the detections of each model."""
    image = Image.fromarray(decode_jpeg(jpeg).numpy())
    scale = _SIDE / max(image.size)
    picture = np.asarray(image.resize((round(image.width * scale), round(image.height * scale))))
    last = list(models.values())[-1]
    images = {TRUTH: _jpeg(picture, _object_boxes(chosen.index, objects, last, classes), scale)}
    for name, model in models.items():
        images[name] = _jpeg(picture, _detection_boxes(chosen.index, model, classes), scale)
    return Exhibit(f"{truth.id}, {chosen.kind}: {_error_text(count_errors(last, objects)[chosen.index])}", images)


def make_montage(exhibits: Sequence[Exhibit], name: str) -> bytes:
    """One JPEG with the exhibits in a row: the ground truth above the detections of the model with this name."""
    columns = []
    for exhibit in exhibits:
        pair = (Image.open(io.BytesIO(exhibit.images[source])) for source in (TRUTH, name))
        columns.append([ImageOps.pad(image, (_TILE, _TILE), color=_GROUND) for image in pair])
    whole = Image.new("RGB", (max(len(columns), 1) * (_TILE + _GAP) - _GAP, 2 * _TILE + _GAP), _GROUND)
    for column, tiles in enumerate(columns):
        for row, image in enumerate(tiles):
            whole.paste(image, (column * (_TILE + _GAP), row * (_TILE + _GAP)))
    return _encoded(whole)


def _error_text(errors: int) -> str:
    return f"{errors} wrong" if errors else "all right"


def _object_boxes(picture: int, objects: Objects, model: DiagnosedDetections, classes: Sequence[str]) -> list[Box]:
    boxes = []
    for index in np.flatnonzero(objects.picture == picture):
        kind = IGNORED if objects.difficult[index] else RIGHT if model.diagnosis.found[index] else MISSED
        boxes.append(_box(objects.boxes[index], kind, classes[objects.classes[index]]))
    return boxes


def _detection_boxes(picture: int, model: DiagnosedDetections, classes: Sequence[str]) -> list[Box]:
    boxes = []
    for index in np.flatnonzero(model.detections.picture == picture):
        name, score = classes[model.detections.classes[index]], model.detections.scores[index]
        boxes.append(_box(model.detections.boxes[index], str(model.diagnosis.kinds[index]), f"{name} {score:.2f}"))
    return boxes


def _box(xywh: NDArray[np.float64], kind: str, caption: str) -> Box:
    left, top, right, bottom = xywh_to_ltrb(xywh).tolist()
    text = caption if kind == RIGHT else f"{kind}: {caption}"
    return Box((left, top, right, bottom), text, COLOURS[kind])


def _jpeg(picture: Pixels, boxes: Sequence[Box], scale: float) -> bytes:
    scaled = []
    for box in boxes:
        left, top, right, bottom = (side * scale for side in box.corners)
        scaled.append(Box((left, top, right, bottom), box.caption, box.colour))
    return _encoded(Image.fromarray(draw_boxes(picture, scaled)))


def _encoded(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
