"""Assign pictures to splits, by image sets, or by shares that are held out by a hash of the picture's id."""

import re

from octet.common.chance import by_chance
from octet.recipe.shared.dataset import Splits
from octet.sources.reading.archive import Archives, Entry
from octet.sources.voc.problem import Problem

PRIORITY = ("test", "val", "train")  # a picture in two splits stays in the first of these

_VERSION = re.compile(r"\.rf\.[0-9A-Za-z]+")  # by which Roboflow tells augmented copies of one picture


def assign_splits(voc: Archives, splits: Splits) -> tuple[dict[str, list[Entry]], list[Problem]]:
    """Return the pictures of each split, in the order of the image sets; a picture named twice is a problem as well."""
    assigned: dict[str, list[Entry]] = {"train": [], "val": [], "test": []}
    problems = []
    first_uses: dict[str, tuple[str, str]] = {}  # id or file -> split and image set
    for split in PRIORITY:
        image_sets = getattr(splits, split)
        for image_set in image_sets if isinstance(image_sets, tuple) else ():
            for id in voc.image_set(image_set):
                target = held_out_split(id, splits) if split == "train" else split
                entry = voc.entry(image_set.partition("/")[0], id)
                # Several sets may name one file, each by an id of its own.
                names = [id, *(f"file {picture.origin}" for picture in entry.pictures[:1])]
                if first_use := next((first_uses[name] for name in names if name in first_uses), None):
                    problems.append(_second_use_problem(id, (target, image_set), first_use))
                    continue
                first_uses |= dict.fromkeys(names, (target, image_set))
                assigned[target].append(entry)
    return assigned, problems


def held_out_split(id: str, splits: Splits) -> str:
    """Return the split of a train picture; its id alone decides whether it is held out for test or val.

    Copies of one picture are held out together.
    """
    draw = int.from_bytes(by_chance(_VERSION.sub("", id))[:8], "big") / 2**64  # in 0..1
    for split, share in (("test", splits.test), ("val", splits.val)):
        if isinstance(share, float):
            if draw < share:
                return split
            draw -= share
    return "train"


def _second_use_problem(id: str, second: tuple[str, str], first: tuple[str, str]) -> Problem:
    """Describe an id that is named twice; `second` and `first` are the split and the image set of each use."""
    (split, image_set), (first_split, first_set) = second, first
    if split != first_split:
        kind, found = "id in two splits", f"{split}, and {first_split} by {first_set}"
    elif image_set.partition("/")[0] == first_set.partition("/")[0]:
        kind, found = "listed twice", f"in {split}, also by {first_set}"
    else:
        kind, found = "duplicate id", f"another picture of {first_set} has it, too"
    return Problem(image_set, f"id {id}", kind, found)
