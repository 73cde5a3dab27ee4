"""Chooses pictures, and puts the ground truth and the detections of models with their kinds of error beside them."""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from octet.reporting.drawing import Box, draw_boxes
from octet.reporting.gallery import Exhibit, Mark
from octet.reporting.pictures import encode, montage, shrink
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
_SIDE = 480  # px of a picture's longer side, at most

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


def choose_pictures(model: DiagnosedDetections, objects: Objects, count: int) -> list[ChosenPicture]:
    """Choose half of the pictures among those with most errors, half with a usual number of errors, taking turns.

    The second half comes from the middle of the order by errors, of the pictures that have objects.
    """
    wrong = count_errors(model, objects)
    order = np.argsort(-wrong, kind="stable")
    hard = [int(index) for index in order[: count - count // 2]]
    has_objects = np.isin(order, objects.picture[~objects.difficult]) & ~np.isin(order, hard)
    rest = order[has_objects]
    start = max((len(rest) - count // 2) // 2, 0)
    typical = [int(index) for index in rest[start : start + count // 2]]
    pairs = zip_longest((ChosenPicture(i, _TYPICAL) for i in typical), (ChosenPicture(i, _HARD) for i in hard))
    return [picture for pair in pairs for picture in pair if picture]


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
    """The chosen picture, with its objects and the detections of each model as marks."""
    here = np.flatnonzero(objects.picture == chosen.index)
    return Exhibit(
        title=f"{truth.id}, {chosen.kind}",
        jpeg=encode(shrink(jpeg, _SIDE)),
        size=(truth.width, truth.height),
        marks={
            TRUTH: [_object(int(index), objects, classes) for index in here],
            **{name: list(_detections(chosen.index, here, model, classes)) for name, model in models.items()},
        },
    )


def make_montage(exhibits: Sequence[Exhibit], name: str, min_score: float) -> bytes:
    """One JPEG with the exhibits in a row: the ground truth above the detections of the model with this name."""
    truths, answers = [], []
    for exhibit in exhibits:
        detected = [mark for mark in exhibit.marks[name] if (mark.score or 0) >= min_score]
        found = {mark.truth for mark in detected if mark.kind == RIGHT}
        there = [
            replace(mark, kind=MISSED) if mark.kind == RIGHT and index not in found else mark
            for index, mark in enumerate(exhibit.marks[TRUTH])
        ]
        truths.append(_drawn(exhibit, there))
        answers.append(_drawn(exhibit, detected))
    return montage([truths, answers])


def _object(index: int, objects: Objects, classes: Sequence[str]) -> Mark:
    kind = IGNORED if objects.difficult[index] else RIGHT
    return Mark(classes[objects.classes[index]], kind, box=_rounded(objects.boxes[index]))


def _detections(
    picture: int, here: NDArray[np.int64], model: DiagnosedDetections, classes: Sequence[str]
) -> Iterator[Mark]:
    """The detections in a picture, whose objects have the indices `here` [G]."""
    detections, diagnosis = model.detections, model.diagnosis
    for index in np.flatnonzero(detections.picture == picture):
        about = np.flatnonzero(here == diagnosis.objects[index])
        yield Mark(
            label=classes[detections.classes[index]],
            kind=str(diagnosis.kinds[index]),
            score=round(float(detections.scores[index]), 3),
            box=_rounded(detections.boxes[index]),
            truth=int(about[0]) if len(about) else None,
        )


def _rounded(box: NDArray[np.float64]) -> tuple[float, float, float, float]:
    left, top, width, height = box.round(1).tolist()
    return left, top, width, height


def _drawn(exhibit: Exhibit, marks: Sequence[Mark]) -> Image.Image:
    """The exhibit's picture with the marks drawn in."""
    picture = Image.open(io.BytesIO(exhibit.jpeg))
    scale = picture.width / exhibit.size[0]
    boxes = []
    for mark in marks:
        left, top, right, bottom = (xywh_to_ltrb(np.array(mark.box)) * scale).tolist()
        score = "" if mark.score is None else f" {mark.score:.2f}"
        caption = ("" if mark.kind == RIGHT else f"{mark.kind}: ") + mark.label + score
        boxes.append(Box((left, top, right, bottom), caption, COLOURS[mark.kind]))
    return Image.fromarray(draw_boxes(np.asarray(picture), boxes))
