"""What a data set holds, counted as it is written."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from octet.errors import UserError
from octet.voc.annotation import Annotation


class Summary:
    """Counts of one split, taken from the pictures that pass through."""

    def __init__(self, classes: Sequence[str]) -> None:
        self._classes = classes
        self._pictures = 0
        self._flags: Counter[str] = Counter()
        self._objects: Counter[str] = Counter()

    def count(self, pictures: Iterable[tuple[Annotation, bytes]]) -> Iterator[tuple[Annotation, bytes]]:
        """Hand the pictures on, counted; a class that the recipe does not list is an error."""
        for annotation, jpeg in pictures:
            self._pictures += 1
            for thing in annotation.objects:
                if thing.name not in self._classes:
                    raise UserError(
                        f"{annotation.folder}/Annotations/{annotation.id}.xml: object {thing.name!r} is none of "
                        f"the recipe's classes: {', '.join(self._classes)}"
                    )
                self._objects[thing.name] += 1
                self._flags.update(difficult=thing.difficult, truncated=thing.truncated)
            yield annotation, jpeg

    def result(self) -> dict[str, object]:
        """The counts, for dataset.json."""
        return {
            "pictures": self._pictures,
            "objects": self._objects.total(),
            "difficult": self._flags["difficult"],
            "truncated": self._flags["truncated"],
            "objects_per_class": {name: self._objects[name] for name in self._classes},
        }
