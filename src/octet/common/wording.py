"""Lists in messages."""

from collections.abc import Sequence

_MOST_NAMES = 20


def list_names(names: Sequence[str]) -> str:
    """Return the names in a line, only the first ones where they are many."""
    more = f", ... ({len(names):,})" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
