"""Classifies detections by what is wrong with them, and computes what mending each kind of error would gain."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from octet.tasks.detection.metric.average_precision import (
    OVERLAP,
    Objects,
    RankedDetections,
    best_objects,
    match_detections,
    mean_average_precision,
)
from octet.tasks.detection.metric.detections import Detections

RIGHT, IGNORED = "right", "difficult"
DUPLICATE, CLASS, LOCALISATION, BACKGROUND, MISSED = "duplicate", "class", "localisation", "background", "missed"
ERRORS = {
    LOCALISATION: "overlaps an object of its class by at least a tenth, but by less than a half",
    CLASS: "overlaps an object of another class by a half or more",
    DUPLICATE: "a second detection of an object",
    BACKGROUND: "overlaps no object enough to be any of these",
    MISSED: "an object with neither a right detection nor one of these errors",
}
NOTHING = -1  # the object index of a detection that is matched with no object

_SLIGHT = 0.1  # the overlap from which on a detection is about an object, but badly placed


@dataclass(frozen=True)
class Diagnosis:
    """The kind of every detection (RIGHT, IGNORED or an error), its object, and which objects were found."""

    kinds: NDArray[np.str_]  # [D]
    objects: NDArray[np.int64]  # [D], index into the table of objects, or NOTHING
    found: NDArray[np.bool_]  # [G]


def classify_errors(detections: Detections, objects: Objects, classes: int) -> Diagnosis:
    """Decide for each detection whether it is right, and what kind of error it is if not."""
    kinds = np.full(len(detections.scores), BACKGROUND, "U12")
    object_indices = np.full(len(kinds), NOTHING)
    for class_ in range(classes):
        matches = match_detections(detections, objects, class_)
        other_classes = np.flatnonzero(objects.classes != class_)
        boxes, pictures = detections.boxes[matches.detection], detections.picture[matches.detection]
        other_overlap, other_object = best_objects(boxes, pictures, objects, other_classes)
        # Where several kinds apply, the last one counts.
        for kind, applies, object_index in (
            (LOCALISATION, (matches.overlap >= _SLIGHT) & (matches.overlap < OVERLAP), matches.object_index),
            (CLASS, other_overlap >= OVERLAP, other_object),
            (DUPLICATE, matches.overlap >= OVERLAP, matches.object_index),
            (RIGHT, matches.correct, matches.object_index),
            (IGNORED, ~matches.counts, matches.object_index),
        ):
            kinds[matches.detection[applies]] = kind
            object_indices[matches.detection[applies]] = object_index[applies]
    found = np.zeros(len(objects.classes), bool)
    found[object_indices[kinds == RIGHT]] = True
    return Diagnosis(kinds, object_indices, found)


def gains(detections: Detections, objects: Objects, diagnosis: Diagnosis, classes: int) -> dict[str, float]:
    """How much mAP50 would rise if one kind of error were mended, for each kind."""
    before = mean_average_precision(_rank_by_kind(detections, objects, diagnosis, classes))
    return {
        kind: mean_average_precision(_rank_by_kind(*_mend(detections, objects, diagnosis, kind), classes)) - before
        for kind in ERRORS
    }


def _mend(
    detections: Detections, objects: Objects, diagnosis: Diagnosis, kind: str
) -> tuple[Detections, Objects, Diagnosis]:
    """The detections, objects and diagnosis as they would be without one kind of error.

    Of the erroneous detections of an object that was not found, the one with the highest score becomes right; the
    others are left out.
    """
    wrong = diagnosis.kinds == kind
    if kind == MISSED:
        detected = diagnosis.found.copy()
        detected[diagnosis.objects[np.isin(diagnosis.kinds, (CLASS, LOCALISATION))]] = True
        return detections, _leave_out(objects, ~detected & ~objects.difficult), diagnosis
    kinds, classes = diagnosis.kinds.copy(), detections.classes.copy()
    kinds[wrong] = IGNORED
    if kind in (CLASS, LOCALISATION):
        candidates = np.flatnonzero(wrong)
        candidates = candidates[np.argsort(-detections.scores[candidates], kind="stable")]
        object_indices, first = np.unique(diagnosis.objects[candidates], return_index=True)
        new = ~diagnosis.found[object_indices] & ~objects.difficult[object_indices]
        kinds[candidates[first[new]]] = RIGHT
        classes[candidates[first[new]]] = objects.classes[object_indices[new]]
    mended = Detections(detections.picture, classes, detections.scores, detections.boxes)
    return mended, objects, Diagnosis(kinds, diagnosis.objects, diagnosis.found)


def _leave_out(objects: Objects, left_out: NDArray[np.bool_]) -> Objects:
    """The objects, of which those in `left_out` [G] no longer count."""
    return Objects(objects.picture, objects.classes, objects.difficult | left_out, objects.boxes, objects.pictures)


def _rank_by_kind(
    detections: Detections, objects: Objects, diagnosis: Diagnosis, classes: int
) -> Sequence[RankedDetections]:
    """The ranked detections of each class, where the diagnosis alone decides which are correct."""
    order = np.argsort(-detections.scores, kind="stable")
    order = order[diagnosis.kinds[order] != IGNORED]
    ranked = []
    for class_ in range(classes):
        chosen = order[detections.classes[order] == class_]
        counted_objects = (objects.classes == class_) & ~objects.difficult
        ranked.append(
            RankedDetections(
                correct=diagnosis.kinds[chosen] == RIGHT,
                picture=detections.picture[chosen],
                objects=np.bincount(objects.picture[counted_objects], minlength=objects.pictures),
            )
        )
    return ranked


def found_share_by_size(
    objects: Objects, diagnosis: Diagnosis, areas: NDArray[np.float64], ends: Sequence[float]
) -> list[float]:
    """The share of the objects that is found, for ranges of their size.

    Size is the square root of the box's share of its picture; `areas` [pictures] are the areas of the pictures. The
    ranges end at `ends`, and a last one has no end; the share is not a number for a range without objects.
    """
    sides = np.sqrt(objects.boxes[:, 2:].prod(axis=1) / areas[objects.picture])
    size = np.digitize(sides, ends)
    counted = ~objects.difficult
    found, total = (
        np.bincount(size[chosen], minlength=len(ends) + 1) for chosen in (counted & diagnosis.found, counted)
    )
    return [float(share) for share in np.divide(found, total, out=np.full(len(total), np.nan), where=total > 0)]
