"""Turns archives of class folders into records of pictures and their classes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from octet.recipe.shared.recipe import Recipe
from octet.sources.reading.class_folders import ClassFolders, ClassPicture
from octet.sources.voc.problem import Problem
from octet.tasks.classification.preparing.preparation import prepare_pictures
from octet.tasks.classification.preparing.repetition import remove_repetitions
from octet.tasks.classification.preparing.summary import Summary


class Preparing:
    """Reads the archives of a recipe's dataset."""

    def __init__(self, recipe: Recipe) -> None:
        self._dataset = recipe.dataset

    @contextmanager
    def open(self, archives: Sequence[Path]) -> Iterator["LabelledPictures"]:
        """Open the archives, and find the pictures of each split and their classes."""
        with ClassFolders(archives) as opened:
            assigned, problems = opened.assign(self._dataset.splits)
            splits, repeated, repetitions = remove_repetitions(assigned)
            found = sorted({picture.class_name for pictures in splits.values() for picture in pictures})
            classes = found if self._dataset.classes == "found" else self._dataset.classes
            yield LabelledPictures(splits, repeated, classes, [*opened.problems, *problems, *repetitions])


class LabelledPictures:
    """Pictures with their classes, split by split; `problems` and the summaries grow while `examples` runs."""

    def __init__(
        self,
        splits: Mapping[str, Sequence[ClassPicture]],
        repeated: Mapping[str, int],
        classes: Sequence[str],
        problems: list[Problem],
    ) -> None:
        self.classes, self.problems = classes, problems
        self._splits = splits
        self._summaries = {split: Summary(classes, repeated[split]) for split in splits}

    def __len__(self) -> int:
        return sum(map(len, self._splits.values()))

    def found_classes(self) -> Sequence[str]:
        """The names of all class folders, whether they are listed or not."""
        return sorted({picture.class_name for pictures in self._splits.values() for picture in pictures})

    def examples(self, split: str) -> Iterator[bytes | None]:
        """One serialized record for each picture of a split, or None for a picture that cannot be used."""
        for picture in prepare_pictures(self._splits[split], self.classes):
            if picture.problem:
                self.problems.append(picture.problem)
            if picture.example:
                self._summaries[split].add(picture.class_name, picture.repairs)
            yield picture.example

    def summary(self, split: str) -> dict[str, Any]:
        """Counts of the pictures of a split whose examples were made."""
        return self._summaries[split].result()

    def summary_text(self, summary: Mapping[str, Any]) -> str:
        """The number of pictures of a split, as a phrase."""
        repeated = f", of which {summary['repeated']} repeat another" if summary["repeated"] else ""
        return f"{summary['pictures']} pictures{repeated}"


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Preparing] = Preparing
