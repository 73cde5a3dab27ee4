"""The copies of pictures that `octet detect` and `octet classify` draw on and leave beside them."""

from pathlib import PurePath

DETECTED, CLASSIFIED = ".detected", ".classified"  # in their names, before the suffix


def is_drawn_copy(file: PurePath) -> bool:
    """Tell by its name whether a file is such a copy: nothing to look at again, and nothing to learn from."""
    return not {DETECTED, CLASSIFIED}.isdisjoint(file.suffixes)
