"""Recognizes which of a user's image sets are for training, for validation and for the test, by their names."""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from octet.common.errors import UserError
from octet.common.wording import list_names

SPLITS = ("train", "val", "test")

_JOINED = "trainval"  # train and val together, as VOC calls them
_SPLIT_OF = {
    "train": "train",
    "training": "train",
    _JOINED: _JOINED,
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
# A word such as train, valid, train2017 or testset; not latest, trained or valley, which hold one or only begin so.
_WORD = re.compile(rf"(?<![^\W_])({'|'.join(_SPLIT_OF)})(?:s|set|data|images|[ab])?(\d*)(?![^\W_])")


def split_up(image_sets: Sequence[str]) -> dict[str, Any]:
    """Image sets as splits by their names; one alone is all there is, whatever its name."""
    return _splits(image_sets, [], []) if len(image_sets) == 1 else split_by_names(image_sets)


def split_by_names(image_sets: Sequence[str]) -> dict[str, Any]:
    """Image sets as splits by the words in their names; those without such a word are for training."""
    # The folder around all of them tells none from the others.
    common = os.path.commonpath([_parent(name) for name in image_sets] or [""])
    labels = {name: name.removesuffix("/*").removeprefix(common).strip("/") for name in image_sets}
    split_of = {label: _named_split(label) for label in labels.values()}
    used = {name: split_of[label] for name, label in labels.items() if not _repeats_others(label, split_of)}
    val, test = ([name for name, split in used.items() if split == held_out] for held_out in ("val", "test"))
    train = [name for name in used if name not in {*val, *test}]
    if not train:
        found = list_names(image_sets) or "nothing"
        raise UserError(f"found {found}; expected pictures to train on besides those for val and test")
    return _splits(train, val, test)


def is_split(name: str) -> bool:
    """Whether the whole name is that of a split, such as train, Valid or trainval."""
    return name.lower() in _SPLIT_OF


def split_word(name: str) -> str | None:
    """The word of a name that says of which split it is, such as `train2017` of `coco_Train2017`; None without one."""
    word = _find_word(name)
    return word[0] if word else None


def _named_split(name: str) -> str | None:
    """What the word of a name stands for: train, val, test, or trainval; None without one."""
    word = _find_word(name)
    return _SPLIT_OF[word[1]] if word else None


def _find_word(name: str) -> re.Match[str] | None:
    """The first word of a name that says of which split it is, if all such words say the same."""
    words = list(_WORD.finditer(name.lower()))
    if len({_SPLIT_OF[word[1]] for word in words}) > 1:
        found = " and ".join(repr(word[0]) for word in words)
        raise UserError(
            f"{name!r}: found words of more than one split, {found}; rename it, or write `splits` in params.yaml by "
            "hand"
        )
    return words[0] if words else None


def _repeats_others(label: str, split_of: Mapping[str, str | None]) -> bool:
    """Whether a set is trainval beside its own train and val; where it is not clear what it repeats, a UserError."""
    if split_of[label] != _JOINED:
        return False
    parts = [other for other, split in split_of.items() if split in ("train", "val")]
    own = [part for part in parts if _without_split(part) == _without_split(label)]
    if {split_of[part] for part in own} == {"train", "val"}:
        return True
    unclear = [part for part in parts if part in own or _parent(part) == _parent(label)]
    if unclear:
        raise UserError(
            f"{label!r}: found beside {list_names([repr(part) for part in unclear])}, whose pictures it may repeat; "
            "move one away, or write `splits` in params.yaml by hand"
        )
    return False


def _without_split(name: str) -> str:
    """What is left of a name without its split, the same for sets that belong together; numbers stay."""
    return _WORD.sub(r"\2", name.lower())


def _parent(name: str) -> str:
    return name.rpartition("/")[0]


def _splits(train: Sequence[str], val: Sequence[str], test: Sequence[str]) -> dict[str, Any]:
    """The splits of a recipe; where there is no image set for val or test, a share of train's pictures."""
    return {"train": list(train), "val": list(val) or 0.1, "test": list(test) or 0.2}
