"""Checks, repairs and serializes the pictures of archives, on all cores."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from octet.common.workers import parallel_map
from octet.sources.reading.archive import Entry
from octet.sources.reading.check import check_picture
from octet.sources.voc.annotation import Annotation, parse_annotation
from octet.sources.voc.problem import BadPictureError, Problem
from octet.tasks.detection.preparing.example import to_example


@dataclass(frozen=True)
class PreparedPicture:
    """The annotation and record of a picture, both None if it cannot be used, with its repairs and data errors."""

    annotation: Annotation | None
    example: bytes | None
    repairs: tuple[str, ...]
    problems: tuple[Problem, ...]


def prepare_pictures(entries: Iterable[Entry], classes: Sequence[str]) -> Iterator[PreparedPicture]:
    """Check, repair and serialize each picture, in the order of the entries."""
    return parallel_map(partial(_prepare_picture, classes), entries)


def find_classes(entries: Iterable[Entry]) -> tuple[str, ...]:
    """The class names of all objects in the entries' annotations, sorted."""
    return tuple(sorted(set().union(*parallel_map(_class_names, entries))))


def _prepare_picture(classes: Sequence[str], entry: Entry) -> PreparedPicture:
    checked = check_picture(entry, classes)
    example = to_example(checked.annotation, checked.jpeg, classes) if checked.annotation else None
    return PreparedPicture(checked.annotation, example, checked.repairs, checked.problems)


def _class_names(entry: Entry) -> set[str]:
    """The class names in an entry's annotation; none where it has errors, which `prepare_pictures` reports."""
    try:
        return {
            object_.name
            for member in entry.annotations[:1]
            for object_ in parse_annotation(member.read(), entry.id, entry.folder, member.name)[0].objects
        }
    except BadPictureError:
        return set()
