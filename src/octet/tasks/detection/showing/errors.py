"""What is wrong with the detections that are, by kind, and what mending each kind would bring."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from octet.tasks.detection.metric.average_precision import OVERLAP, Objects, Ranked, best_objects, judge, mean_area
from octet.tasks.detection.metric.detections import Detections

RIGHT, IGNORED = "right", "difficult"
DUPLICATE, CLASS, LOCALISATION, BACKGROUND, MISSED = "duplicate", "class", "localisation", "background", "missed"
ERRORS = {
    LOCALISATION: "overlaps an object of its class by less than a half, and a tenth at least",
    CLASS: "overlaps an object of another class by a half or more",
    DUPLICATE: "a second detection of an object",
    BACKGROUND: "overlaps nothing that it could mean",
    MISSED: "an object that no detection is about",
}
NOTHING = -1  # the object of a detection that means none

_SLIGHT = 0.1


@dataclass(frozen=True)
class Diagnosis:
    """Every detection's kind, the object that it is about, and the objects that were found."""

    kinds: NDArray[np.str_]  # [D]
    objects: NDArray[np.int64]  # [D]
    found: NDArray[np.bool_]  # [G]


def diagnose(detections: Detections, objects: Objects, classes: int) -> Diagnosis:
    """Sort the detections by what is wrong with them."""
    kinds = np.full(len(detections.scores), BACKGROUND, "U12")
    about = np.full(len(kinds), NOTHING)
    for class_ in range(classes):
        of = judge(detections, objects, class_)
        others = np.flatnonzero(objects.classes != class_)
        boxes, pictures = detections.boxes[of.detection], detections.picture[of.detection]
        other_overlap, other = best_objects(boxes, pictures, objects, others)
        # The last that applies has it.
        for kind, applies, thing in (
            (LOCALISATION, (of.overlap >= _SLIGHT) & (of.overlap < OVERLAP), of.best),
            (CLASS, other_overlap >= OVERLAP, other),
            (DUPLICATE, of.overlap >= OVERLAP, of.best),
            (RIGHT, of.right, of.best),
            (IGNORED, ~of.counts, of.best),
        ):
            kinds[of.detection[applies]] = kind
            about[of.detection[applies]] = thing[applies]
    found = np.zeros(len(objects.classes), bool)
    found[about[kinds == RIGHT]] = True
    return Diagnosis(kinds, about, found)


def gains(detections: Detections, objects: Objects, diagnosis: Diagnosis, classes: int) -> dict[str, float]:
    """How much VOC12 mAP would rise if one kind of error were mended, for each kind."""
    whole = mean_area(_ranked(detections, objects, diagnosis, classes))
    return {
        kind: mean_area(_ranked(*_mended(detections, objects, diagnosis, kind), classes)) - whole for kind in ERRORS
    }


def _mended(
    detections: Detections, objects: Objects, diagnosis: Diagnosis, kind: str
) -> tuple[Detections, Objects, Diagnosis]:
    """As if: what means an object becomes right about it, unless it was found; what means none is gone."""
    wrong = diagnosis.kinds == kind
    if kind == MISSED:
        meant = diagnosis.found.copy()
        meant[diagnosis.objects[np.isin(diagnosis.kinds, (CLASS, LOCALISATION))]] = True
        return detections, _without(objects, ~meant & ~objects.difficult), diagnosis
    kinds, classes = diagnosis.kinds.copy(), detections.classes.copy()
    kinds[wrong] = IGNORED
    if kind in (CLASS, LOCALISATION):
        candidates = np.flatnonzero(wrong)
        candidates = candidates[np.argsort(-detections.scores[candidates], kind="stable")]
        things, first = np.unique(diagnosis.objects[candidates], return_index=True)
        new = ~diagnosis.found[things] & ~objects.difficult[things]
        kinds[candidates[first[new]]] = RIGHT
        classes[candidates[first[new]]] = objects.classes[things[new]]
    mended = Detections(detections.picture, classes, detections.scores, detections.boxes)
    return mended, objects, Diagnosis(kinds, diagnosis.objects, diagnosis.found)


def _without(objects: Objects, gone: NDArray[np.bool_]) -> Objects:
    """Those objects do not count."""
    return Objects(objects.picture, objects.classes, objects.difficult | gone, objects.boxes, objects.pictures)


def _ranked(detections: Detections, objects: Objects, diagnosis: Diagnosis, classes: int) -> Sequence[Ranked]:
    """What average precision is taken of, by the kinds alone."""
    order = np.argsort(-detections.scores, kind="stable")
    order = order[diagnosis.kinds[order] != IGNORED]
    ranked = []
    for class_ in range(classes):
        chosen = order[detections.classes[order] == class_]
        things = (objects.classes == class_) & ~objects.difficult
        ranked.append(
            Ranked(
                right=diagnosis.kinds[chosen] == RIGHT,
                picture=detections.picture[chosen],
                objects=np.bincount(objects.picture[things], minlength=objects.pictures),
            )
        )
    return ranked


def found_by_size(
    objects: Objects, diagnosis: Diagnosis, areas: NDArray[np.float64], ends: Sequence[float]
) -> list[float]:
    """The share of the objects that is found, by the side of their boxes as a share of their picture's.

    `areas` [pictures] are the pictures' own; a last size has no end, and one without objects is no number.
    """
    sides = np.sqrt(objects.boxes[:, 2:].prod(axis=1) / areas[objects.picture])
    size = np.digitize(sides, ends)
    counted = ~objects.difficult
    found, there = (np.bincount(size[of], minlength=len(ends) + 1) for of in (counted & diagnosis.found, counted))
    return [float(share) for share in np.divide(found, there, out=np.full(len(there), np.nan), where=there > 0)]
