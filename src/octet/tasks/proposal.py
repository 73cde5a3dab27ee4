"""A value that a recipe should have for the user's own data, with the reason for it; and words about such data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Proposal:
    """The proposed value of the recipe's `section.key`, and the reason in words."""

    section: str
    key: str
    value: Any
    reason: str


def few_names(names: Sequence[str]) -> str:
    """Up to five names in a line; of more, the first ones."""
    return ", ".join(names) if len(names) <= 5 else f"{', '.join(names[:4])} and {len(names) - 4} more"
