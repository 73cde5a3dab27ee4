"""A value that a recipe should have for the user's own data, with the reason for it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Proposal:
    """The proposed value of the recipe's `section.key`, and the reason in words."""

    section: str
    key: str
    value: Any
    reason: str
