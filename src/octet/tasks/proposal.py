"""A value that a recipe should have for some data, and why."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Proposal:
    """The value of `section.key`, with the reason in words."""

    section: str
    key: str
    value: Any
    reason: str
