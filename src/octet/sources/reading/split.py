"""Which picture goes where: image sets, and shares that are held out by a stable hash of the id."""

import hashlib

from octet.recipe.shared.dataset import Splits
from octet.sources.reading.archive import Archives, Entry
from octet.sources.voc.problem import Problem

_FIRST_CLAIM = ("test", "val", "train")  # a picture that two splits name stays where it measures


def assign(voc: Archives, splits: Splits) -> tuple[dict[str, list[Entry]], list[Problem]]:
    """The pictures of each split, in their image sets' order; who is named a second time is a problem, and left out."""
    assigned: dict[str, list[Entry]] = {"train": [], "val": [], "test": []}
    problems = []
    first: dict[str, tuple[str, str]] = {}  # id -> split and image set
    for split in _FIRST_CLAIM:
        named = getattr(splits, split)
        for image_set in named if isinstance(named, tuple) else ():
            for id in voc.image_set(image_set):
                goes_to = _held_out(id, splits) if split == "train" else split
                if id in first:
                    problems.append(_second_claim(id, (goes_to, image_set), first[id]))
                    continue
                first[id] = (goes_to, image_set)
                assigned[goes_to].append(voc.entry(image_set.partition("/")[0], id))
    return assigned, problems


def _held_out(id: str, splits: Splits) -> str:
    """The split of a picture that train names: a share of them goes elsewhere, always the same ones."""
    draw = int.from_bytes(hashlib.sha256(id.encode()).digest()[:8], "big") / 2**64  # in 0..1
    for split, share in (("test", splits.test), ("val", splits.val)):
        if isinstance(share, float):
            if draw < share:
                return split
            draw -= share
    return "train"


def _second_claim(id: str, second: tuple[str, str], first: tuple[str, str]) -> Problem:
    (split, image_set), (other_split, other_set) = second, first
    if split != other_split:
        kind, found = "id in two splits", f"{split}, and {other_split} by {other_set}"
    elif image_set.partition("/")[0] == other_set.partition("/")[0]:
        kind, found = "listed twice", f"in {split}, also by {other_set}"
    else:
        kind, found = "duplicate id", f"another picture of {other_set} has it, too"
    return Problem(image_set, f"id {id}", kind, found)
