"""From archives in VOC's layout to records of pictures and the boxes in them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from octet.recipe.detection import Recipe
from octet.sources.reading.archive import Archives, Entry
from octet.sources.reading.split import assign_splits
from octet.sources.voc.problem import Problem
from octet.tasks.detection.preparing.preparation import find_classes, prepare
from octet.tasks.detection.preparing.summary import Summary


class Preparing:
    """Reads what a recipe's dataset names."""

    def __init__(self, recipe: Recipe) -> None:
        self._dataset = recipe.dataset

    @contextmanager
    def open(self, archives: Sequence[Path]) -> Iterator["Annotated"]:
        """The pictures of each split, and the classes of what is in them."""
        with Archives(archives) as voc:
            splits, problems = assign_splits(voc, self._dataset.splits)
            entries = [entry for of in splits.values() for entry in of]
            classes = find_classes(entries) if self._dataset.classes == "found" else self._dataset.classes
            yield Annotated(splits, classes, voc.problems + problems)


class Annotated:
    """Pictures with their annotations, split by split; what is wrong is noted while they are gone through."""

    def __init__(self, splits: dict[str, list[Entry]], classes: Sequence[str], problems: list[Problem]) -> None:
        self.classes, self.problems = classes, problems
        self._splits = splits
        self._summaries = {split: Summary(classes) for split in splits}

    def __len__(self) -> int:
        return sum(map(len, self._splits.values()))

    def examples(self, split: str) -> Iterator[bytes | None]:
        """A record a picture, or None where it cannot be used."""
        for picture in prepare(self._splits[split], self.classes):
            self.problems += picture.problems
            if picture.annotation:
                self._summaries[split].add(picture.annotation, picture.repairs)
            yield picture.example

    def summary(self, split: str) -> dict[str, Any]:
        """What was written of a split."""
        return self._summaries[split].result()

    def in_words(self, split: str) -> str:
        """The same in short."""
        return "{pictures} pictures, {objects} objects".format(**self.summary(split))


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Preparing] = Preparing
