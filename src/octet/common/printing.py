"""Names that somebody else chose, as a message shows them."""

from collections.abc import Sequence

_MOST_NAMES = 20


def printable(text: str) -> str:
    """Write each character that cannot be printed, or that a terminal would act on, as Python's escape for it."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def list_names(names: Sequence[str]) -> str:
    """Return the names in a line, the first ones where they are many."""
    more = f", ... ({len(names):,})" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
