"""Turns archives in VOC's layout into records of pictures and the boxes in them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from octet.common.errors import UserError
from octet.recipe.detection import Recipe
from octet.sources.reading.archive import Archives, Entry
from octet.sources.reading.split import assign_splits
from octet.sources.voc.problem import Problem
from octet.tasks.detection.preparing.preparation import find_classes, prepare_pictures
from octet.tasks.detection.preparing.summary import Summary


class Preparing:
    """Reads the archives of a recipe's dataset."""

    def __init__(self, recipe: Recipe) -> None:
        self._dataset = recipe.dataset

    @contextmanager
    def open(self, archives: Sequence[Path]) -> Iterator["AnnotatedPictures"]:
        """Open the archives, and find the pictures of each split and the classes of their objects."""
        with Archives(archives) as opened:
            splits, problems = assign_splits(opened, self._dataset.splits)
            entries = [entry for members in splits.values() for entry in members]
            classes = find_classes(entries) if self._dataset.classes == "found" else self._dataset.classes
            yield AnnotatedPictures(splits, classes, opened.problems + problems)


class AnnotatedPictures:
    """Pictures with their annotations, split by split; `problems` and the summaries grow while `examples` runs."""

    def __init__(self, splits: dict[str, list[Entry]], classes: Sequence[str], problems: list[Problem]) -> None:
        self.classes, self.problems = classes, problems
        self._splits = splits
        self._summaries = {split: Summary(classes) for split in splits}

    def __len__(self) -> int:
        return sum(map(len, self._splits.values()))

    def found_classes(self) -> Sequence[str]:
        """The class names of all objects, whether they are listed or not; the annotations are read anew."""
        return find_classes(entry for members in self._splits.values() for entry in members)

    def examples(self, split: str) -> Iterator[bytes | None]:
        """One serialized record for each picture of a split, or None for a picture that cannot be used."""
        for picture in prepare_pictures(self._splits[split], self.classes):
            self.problems += picture.problems
            if picture.annotation:
                self._summaries[split].add(picture.annotation, picture.repairs)
            yield picture.example

    def summary(self, split: str) -> dict[str, Any]:
        """Counts of the pictures and objects of a split whose examples were made; test has to have one to score."""
        counts = self._summaries[split].result()
        if split == "test" and 0 < counts["objects"] == counts["difficult"]:
            raise UserError(
                "every object of the test split is marked difficult, which scoring leaves out: "
                "name other pictures in dataset.splits.test"
            )
        return counts

    def summary_text(self, summary: Mapping[str, Any]) -> str:
        """The number of pictures and objects of a split, as a phrase."""
        return "{pictures} pictures, {objects} objects".format(**summary)


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Preparing] = Preparing
