"""Finds pictures whose files have the same bytes: in two splits, in two classes, or several times in one split."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from octet.common.workers import parallel_map
from octet.sources.reading.class_folders import ClassPicture
from octet.sources.reading.split import PRIORITY
from octet.sources.voc.problem import Problem

Splits = Mapping[str, Sequence[ClassPicture]]
Use = tuple[str, ClassPicture]  # a split, and a picture in it


def remove_repetitions(splits: Splits) -> tuple[dict[str, list[ClassPicture]], dict[str, int], list[Problem]]:
    """Return the pictures to keep of each split, how many of them repeat another one there, and the problems.

    A picture in two splits stays in the first of test, val and train; one in two classes is left out everywhere, since
    nothing tells which is right. One that is repeated in its split and class stays, and is counted.
    """
    uses = [(split, picture) for split in PRIORITY for picture in splits[split]]
    groups = defaultdict[bytes, list[Use]](list)
    for use, digest in zip(uses, parallel_map(_digest, (picture for _, picture in uses)), strict=True):
        groups[digest].append(use)
    problems = {picture.id: problem for group in groups.values() for picture, problem in _problems(group)}
    kept = {split: [picture for picture in splits[split] if picture.id not in problems] for split in splits}
    repeated = Counter[str]()
    for group in groups.values():
        stay = [split for split, picture in group if picture.id not in problems]
        repeated.update(stay[1:])
    return kept, {split: repeated[split] for split in splits}, [problems[id] for id in sorted(problems)]


def _digest(picture: ClassPicture) -> bytes:
    return hashlib.sha256(picture.member.read()).digest()


def _problems(group: Sequence[Use]) -> list[tuple[ClassPicture, Problem]]:
    """List the pictures of equal files that cannot stay, with the reason for each."""
    first_split, first = group[0]
    found = []
    for split, picture in group:
        field = f"class {picture.class_name!r}"
        other = next((other for _, other in group if other.class_name != picture.class_name), None)
        if other:
            text = f"{other.origin} has the same bytes, and class {other.class_name!r}"
            found.append((picture, Problem(picture.origin, field, "same picture in two classes", text)))
        elif split != first_split:
            text = f"in {split}, and in {first_split} as {first.origin}"
            found.append((picture, Problem(picture.origin, field, "same picture in two splits", text)))
    return found
