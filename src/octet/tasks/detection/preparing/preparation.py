"""From what the archives have of a picture to its record, on all cores."""

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
class Prepared:
    """A picture's record, unless the picture cannot be used, with what was mended and what was found wrong."""

    annotation: Annotation | None
    example: bytes | None
    repairs: tuple[str, ...]
    problems: tuple[Problem, ...]


def prepare(entries: Iterable[Entry], classes: Sequence[str]) -> Iterator[Prepared]:
    """Check, mend and serialize each picture, in order."""
    return parallel_map(partial(_prepare, classes), entries)


def find_classes(entries: Iterable[Entry]) -> tuple[str, ...]:
    """The names of all objects, sorted."""
    return tuple(sorted(set().union(*parallel_map(_names, entries))))


def _prepare(classes: Sequence[str], entry: Entry) -> Prepared:
    checked = check_picture(entry, classes)
    example = to_example(checked.annotation, checked.jpeg, classes) if checked.annotation else None
    return Prepared(checked.annotation, example, checked.repairs, checked.problems)


def _names(entry: Entry) -> set[str]:
    """What is wrong with an annotation is found and said later."""
    try:
        return {
            thing.name
            for member in entry.annotations[:1]
            for thing in parse_annotation(member.read(), entry.id, entry.folder, member.name)[0].objects
        }
    except BadPictureError:
        return set()
