"""Counts the pictures and objects of a split while its records are written."""

from bisect import bisect
from collections import Counter
from collections.abc import Sequence
from math import sqrt
from typing import Any

from octet.sources.voc.annotation import Annotation

# Upper ends of the histograms' bins; a last bin beyond them has no end.
_BOX_SIDES = (0.02, 0.04, 0.08, 0.16, 0.32, 0.64)  # square root of the box's share of its picture
_ASPECTS = (0.2, 0.33, 0.5, 0.75, 1.33, 2.0, 3.0, 5.0)  # width / height, in pixels


class Summary:
    """Counts the pictures of one split, their objects and their repairs."""

    def __init__(self, classes: Sequence[str]) -> None:
        self._classes = classes
        self._pictures = 0
        self._objects: Counter[str] = Counter()
        self._pictures_with: Counter[str] = Counter()
        self._flags: Counter[str] = Counter()
        self._repairs: Counter[str] = Counter()
        self._sides = [0] * (len(_BOX_SIDES) + 1)
        self._aspects = [0] * (len(_ASPECTS) + 1)

    def add(self, annotation: Annotation, repairs: Sequence[str]) -> None:
        """Count a picture, its objects, and the repairs that were made to it."""
        self._pictures += 1
        self._repairs.update(repairs)
        self._pictures_with.update({object_.name for object_ in annotation.objects})
        for object_ in annotation.objects:
            self._objects[object_.name] += 1
            self._flags.update(difficult=object_.difficult, truncated=object_.truncated)
            xmin, ymin, xmax, ymax = object_.box
            width, height = xmax - xmin + 1, ymax - ymin + 1
            side = sqrt(width * height / (annotation.width * annotation.height))
            self._sides[bisect(_BOX_SIDES, side)] += 1
            self._aspects[bisect(_ASPECTS, width / height)] += 1

    def result(self) -> dict[str, Any]:
        """The counts as dataset.json holds them."""
        return {
            "pictures": self._pictures,
            "objects": self._objects.total(),
            "difficult": self._flags["difficult"],
            "truncated": self._flags["truncated"],
            "objects_per_class": {name: self._objects[name] for name in self._classes},
            "pictures_per_class": {name: self._pictures_with[name] for name in self._classes},
            "box_sides": {"up_to": [*_BOX_SIDES, None], "objects": self._sides},
            "aspects": {"up_to": [*_ASPECTS, None], "objects": self._aspects},
            "mended": dict(sorted(self._repairs.items())),
        }
