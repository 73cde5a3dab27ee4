"""Check that a picture and its annotation fit together, repair what is harmless, and list all other problems."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from octet.common.wording import list_names
from octet.sources.reading.archive import Entry
from octet.sources.reading.picture import Size, inspect_picture
from octet.sources.voc.annotation import Annotation, Object, VocBox, parse_annotation
from octet.sources.voc.layout import PICTURE_SUFFIXES
from octet.sources.voc.problem import BadPictureError, Problem

_TOLERANCE = 1.0  # px that a box may extend beyond the picture, as happens when pixels were counted from 0


@dataclass(frozen=True)
class CheckedPicture:
    """The result of a check: a picture with its annotation, or None if unusable; its repairs and its problems."""

    annotation: Annotation | None
    jpeg: bytes
    repairs: tuple[str, ...]
    problems: tuple[Problem, ...]


def check_picture(entry: Entry, classes: Sequence[str]) -> CheckedPicture:
    """Read, inspect and repair one picture with its annotation; objects must be of one of the classes."""
    problems: list[Problem] = []
    try:
        annotation, jpeg, repairs = _examine(entry, classes, problems)
    except BadPictureError as error:
        return CheckedPicture(None, b"", (), (*problems, error.problem))
    return CheckedPicture(annotation, jpeg, repairs, tuple(problems))


def _examine(
    entry: Entry, classes: Sequence[str], problems: list[Problem]
) -> tuple[Annotation, bytes, tuple[str, ...]]:
    annotation_file = f"{entry.folder}/Annotations/{entry.id}.xml"
    picture_file = f"{entry.folder}/JPEGImages/{entry.id}.jpg"
    if not entry.annotations:
        if entry.pictures:
            raise BadPictureError(Problem(entry.pictures[0].origin, "", "missing", "there is no annotation for it"))
        raise BadPictureError(Problem(annotation_file, "", "missing", "there is neither an annotation nor a picture"))
    if not entry.pictures:
        found = f"there is no picture for it; pictures end in {', '.join(PICTURE_SUFFIXES)}"
        raise BadPictureError(Problem(entry.annotations[0].origin, "", "missing", found))
    for members, expected_file in ((entry.annotations, annotation_file), (entry.pictures, picture_file)):
        if len(members) > 1:
            found = f"{len(members)} files: {', '.join(member.origin for member in members)}"
            raise BadPictureError(Problem(expected_file, "", "duplicate id", found))
    file = entry.annotations[0].origin
    annotation, object_problems = parse_annotation(entry.annotations[0].read(), entry.id, entry.folder, file)
    problems += object_problems
    stated = (annotation.width, annotation.height)
    member = entry.pictures[0]
    picture = inspect_picture(member.read(), stated if all(stated) else None, member.origin)
    objects, repairs = [], list(picture.repairs)
    for obj in annotation.objects:
        problem = _find_problem(obj, picture.size, classes, file)
        if problem:
            problems.append(problem)
            continue
        box = _clip(obj.box, picture.size)
        if box != obj.box:
            repairs.append("box clipped")
        objects.append(replace(obj, box=box))
    width, height = picture.size
    repaired = replace(annotation, width=width, height=height, objects=tuple(objects))
    return repaired, picture.jpeg, tuple(repairs)


def _find_problem(obj: Object, size: Size, classes: Sequence[str], file: str) -> Problem | None:
    """Return the problem of an object, or None: its class is unknown, or its box is outside the picture."""
    field = f"{obj.origin or 'object'} {obj.name!r}"
    if obj.name not in classes:
        return Problem(file, field, "unknown class", f"the recipe lists {list_names(classes)}", skipped="object")
    xmin, ymin, xmax, ymax = obj.box
    width, height = size
    if min(xmin, ymin) < 1 - _TOLERANCE or xmax > width + _TOLERANCE or ymax > height + _TOLERANCE:
        found = f"({xmin:g}, {ymin:g}, {xmax:g}, {ymax:g}) in {width} x {height} pixels"
        field_path = field if obj.origin else f"{field}/bndbox"
        return Problem(file, field_path, "box outside the picture", found, skipped="object")
    return None


def _clip(box: VocBox, size: Size) -> VocBox:
    xmin, ymin, xmax, ymax = box
    return max(xmin, 1.0), max(ymin, 1.0), min(xmax, size[0]), min(ymax, size[1])
