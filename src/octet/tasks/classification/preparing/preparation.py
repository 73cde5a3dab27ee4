"""Checks, repairs and serializes the pictures of class folders, on all cores."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from octet.common.wording import list_names
from octet.common.workers import parallel_map
from octet.sources.reading.class_folders import ClassPicture
from octet.sources.reading.picture import Size, inspect_unboxed_picture
from octet.sources.voc.problem import BadPictureError, Problem
from octet.tasks.classification.preparing.example import to_example


@dataclass(frozen=True)
class PreparedPicture:
    """The record of a picture, None if it cannot be used, with its class, size, repairs and data error."""

    class_name: str
    example: bytes | None
    size: Size = (0, 0)
    repairs: tuple[str, ...] = ()
    problem: Problem | None = None


def prepare_pictures(pictures: Iterable[ClassPicture], classes: Sequence[str]) -> Iterator[PreparedPicture]:
    """Check, repair and serialize each picture, in the given order."""
    return parallel_map(partial(_prepare_picture, classes), pictures)


def _prepare_picture(classes: Sequence[str], picture: ClassPicture) -> PreparedPicture:
    name, field = picture.class_name, f"class {picture.class_name!r}"
    if name not in classes:
        found = f"the recipe lists {list_names(classes)}"
        return PreparedPicture(name, None, problem=Problem(picture.origin, field, "unknown class", found))
    try:
        inspected = inspect_unboxed_picture(picture.member.read(), picture.origin)
    except BadPictureError as error:
        return PreparedPicture(name, None, problem=replace(error.problem, field=field))
    example = to_example(picture.id, inspected.jpeg, inspected.size, classes.index(name))
    return PreparedPicture(name, example, inspected.size, inspected.repairs)
