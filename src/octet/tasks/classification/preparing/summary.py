"""Counts the pictures of a split while its records are written."""

from collections import Counter
from collections.abc import Sequence
from typing import Any


class Summary:
    """Counts the pictures of one split by class, and their repairs; `repeated` is a count of further equal files."""

    def __init__(self, classes: Sequence[str], repeated: int) -> None:
        self._classes, self._repeated = classes, repeated
        self._pictures: Counter[str] = Counter()
        self._repairs: Counter[str] = Counter()

    def add(self, class_name: str, repairs: Sequence[str]) -> None:
        """Count a picture of a class, and the repairs that were made to it."""
        self._pictures[class_name] += 1
        self._repairs.update(repairs)

    def result(self) -> dict[str, Any]:
        """The counts as dataset.json holds them."""
        return {
            "pictures": self._pictures.total(),
            "pictures_per_class": {name: self._pictures[name] for name in self._classes},
            "repeated": self._repeated,
            "mended": dict(sorted(self._repairs.items())),
        }
