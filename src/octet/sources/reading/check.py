"""One picture with its annotation: whether they fit together, and all that is wrong where they do not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from octet.sources.reading.archive import Entry
from octet.sources.reading.picture import Size, inspect
from octet.sources.voc.annotation import Annotation, Box, Object, parse
from octet.sources.voc.layout import PICTURE_SUFFIXES
from octet.sources.voc.problem import BadPictureError, Problem

_SLACK = 1.0  # px; by so much a box may leave the picture, as those that were counted from 0 do


@dataclass(frozen=True)
class Checked:
    """A picture that can be used, if it can, with what was mended and what was found wrong."""

    annotation: Annotation | None
    jpeg: bytes
    repairs: tuple[str, ...]
    problems: tuple[Problem, ...]


def check(entry: Entry, classes: Sequence[str]) -> Checked:
    """Read, inspect and mend one picture."""
    problems: list[Problem] = []
    try:
        annotation, jpeg, repairs = _examine(entry, classes, problems)
    except BadPictureError as error:
        return Checked(None, b"", (), (*problems, error.problem))
    return Checked(annotation, jpeg, repairs, tuple(problems))


def _examine(
    entry: Entry, classes: Sequence[str], problems: list[Problem]
) -> tuple[Annotation, bytes, tuple[str, ...]]:
    file = f"{entry.folder}/Annotations/{entry.id}.xml"
    pictured = f"{entry.folder}/JPEGImages/{entry.id}.jpg"
    if not entry.annotations:
        if entry.pictures:
            raise BadPictureError(Problem(entry.pictures[0].origin, "", "missing", "there is no annotation for it"))
        raise BadPictureError(Problem(file, "", "missing", "there is neither an annotation nor a picture"))
    if not entry.pictures:
        found = f"there is no picture for it; pictures end in {', '.join(PICTURE_SUFFIXES)}"
        raise BadPictureError(Problem(entry.annotations[0].origin, "", "missing", found))
    for members, lies in ((entry.annotations, file), (entry.pictures, pictured)):
        if len(members) > 1:
            found = f"{len(members)} files: {', '.join(member.origin for member in members)}"
            raise BadPictureError(Problem(lies, "", "duplicate id", found))
    file = entry.annotations[0].origin
    annotation, wrong = parse(entry.annotations[0].read(), entry.id, entry.folder, file)
    problems += wrong
    stated = (annotation.width, annotation.height)
    member = entry.pictures[0]
    picture = inspect(member.read(), stated if all(stated) else None, member.origin)
    objects, repairs = [], list(picture.repairs)
    for thing in annotation.objects:
        problem = _object_problem(thing, picture.size, classes, file)
        if problem:
            problems.append(problem)
            continue
        box = _clip(thing.box, picture.size)
        if box != thing.box:
            repairs.append("box clipped")
        objects.append(replace(thing, box=box))
    width, height = picture.size
    mended = replace(annotation, width=width, height=height, objects=tuple(objects))
    return mended, picture.jpeg, tuple(repairs)


def _object_problem(thing: Object, size: Size, classes: Sequence[str], file: str) -> Problem | None:
    field = f"{thing.origin or 'object'} {thing.name!r}"
    if thing.name not in classes:
        return Problem(file, field, "unknown class", f"the recipe lists {', '.join(classes)}", skipped="object")
    xmin, ymin, xmax, ymax = thing.box
    width, height = size
    if min(xmin, ymin) < 1 - _SLACK or xmax > width + _SLACK or ymax > height + _SLACK:
        found = f"({xmin:g}, {ymin:g}, {xmax:g}, {ymax:g}) in {width} x {height} pixels"
        where = field if thing.origin else f"{field}/bndbox"
        return Problem(file, where, "box outside the picture", found, skipped="object")
    return None


def _clip(box: Box, size: Size) -> Box:
    xmin, ymin, xmax, ymax = box
    return max(xmin, 1.0), max(ymin, 1.0), min(xmax, size[0]), min(ymax, size[1])
