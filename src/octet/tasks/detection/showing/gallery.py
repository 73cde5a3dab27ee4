"""Pictures with what is in them beside what was found, wrong ones marked by the kind of error."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from octet.data.reading.pictures import decode
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
_SIDE = 480  # px of the longer one: letters can still be read where three stand side by side
_QUALITY = 78
_TILE, _GAP, _GROUND = 320, 8, (255, 255, 255)  # of a montage

TRUTH = "ground truth"


@dataclass(frozen=True)
class Judged:
    """What one model found in all pictures, and what is wrong with it."""

    detections: Detections
    diagnosis: Diagnosis


@dataclass(frozen=True)
class Chosen:
    """A picture of the gallery."""

    index: int
    kind: str


@dataclass(frozen=True)
class Exhibit:
    """A picture as the page shows it: a JPEG by what is drawn in."""

    title: str
    images: Mapping[str, bytes]


def choose(found: Judged, objects: Objects, count: int) -> list[Chosen]:
    """Half of them where most is wrong, half from the middle of those where anything is to be seen."""
    wrong = errors_of(found, objects)
    order = np.argsort(-wrong, kind="stable")
    hard = [int(index) for index in order[: count - count // 2]]
    seen = np.isin(order, objects.picture[~objects.difficult]) & ~np.isin(order, hard)
    rest = order[seen]
    start = max((len(rest) - count // 2) // 2, 0)
    typical = [int(index) for index in rest[start : start + count // 2]]
    return [Chosen(index, _TYPICAL) for index in typical] + [Chosen(index, _HARD) for index in hard]


def errors_of(found: Judged, objects: Objects) -> NDArray[np.int64]:
    """How many detections are wrong, and objects missed, in each picture."""
    wrong = ~np.isin(found.diagnosis.kinds, (RIGHT, IGNORED))
    missed = ~found.diagnosis.found & ~objects.difficult
    return np.asarray(
        np.bincount(found.detections.picture[wrong], minlength=objects.pictures)
        + np.bincount(objects.picture[missed], minlength=objects.pictures)
    )


def exhibit(
    chosen: Chosen, jpeg: bytes, truth: Truth, objects: Objects, models: Mapping[str, Judged], classes: Sequence[str]
) -> Exhibit:
    """The picture three times: with its objects, and with what each model found."""
    image = Image.fromarray(decode(jpeg).numpy())
    scale = _SIDE / max(image.size)
    picture = np.asarray(image.resize((round(image.width * scale), round(image.height * scale))))
    last = list(models.values())[-1]
    images = {TRUTH: _jpeg(picture, _objects(chosen.index, objects, last, classes), scale)}
    for name, found in models.items():
        images[name] = _jpeg(picture, _detections(chosen.index, found, classes), scale)
    return Exhibit(f"{truth.id}, {chosen.kind}: {_told(errors_of(last, objects)[chosen.index])}", images)


def montage(exhibits: Sequence[Exhibit], name: str) -> bytes:
    """Some pictures in a row, what there is above what a model found, as one JPEG."""
    columns = []
    for exhibit in exhibits:
        pair = (Image.open(io.BytesIO(exhibit.images[which])) for which in (TRUTH, name))
        columns.append([ImageOps.pad(image, (_TILE, _TILE), color=_GROUND) for image in pair])
    whole = Image.new("RGB", (max(len(columns), 1) * (_TILE + _GAP) - _GAP, 2 * _TILE + _GAP), _GROUND)
    for column, tiles in enumerate(columns):
        for row, image in enumerate(tiles):
            whole.paste(image, (column * (_TILE + _GAP), row * (_TILE + _GAP)))
    return _encoded(whole)


def _told(errors: int) -> str:
    return f"{errors} wrong" if errors else "all right"


def _objects(picture: int, objects: Objects, found: Judged, classes: Sequence[str]) -> list[Box]:
    boxes = []
    for index in np.flatnonzero(objects.picture == picture):
        kind = IGNORED if objects.difficult[index] else RIGHT if found.diagnosis.found[index] else MISSED
        boxes.append(_box(objects.boxes[index], kind, classes[objects.classes[index]]))
    return boxes


def _detections(picture: int, found: Judged, classes: Sequence[str]) -> list[Box]:
    boxes = []
    for index in np.flatnonzero(found.detections.picture == picture):
        name, score = classes[found.detections.classes[index]], found.detections.scores[index]
        boxes.append(_box(found.detections.boxes[index], str(found.diagnosis.kinds[index]), f"{name} {score:.2f}"))
    return boxes


def _box(xywh: NDArray[np.float64], kind: str, caption: str) -> Box:
    left, top, right, bottom = xywh_to_ltrb(xywh).tolist()
    told = caption if kind == RIGHT else f"{kind}: {caption}"
    return Box((left, top, right, bottom), told, COLOURS[kind])


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
