"""Checks the user's own pictures of one class each, and proposes what a classifier's recipe should say for them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from octet.common.errors import UserError
from octet.common.progress import Progress
from octet.recipe.classification import Recipe
from octet.sources.reading.class_folders import ClassFolders
from octet.sources.voc.problem import Problem
from octet.tasks.classification.preparing.preparation import PreparedPicture, prepare_pictures
from octet.tasks.classification.preparing.repetition import remove_repetitions
from octet.tasks.proposal import Proposal, few_names

_SMALLEST = 64  # px, the smallest input size that a recipe may have
_STEP = 32  # px, between input sizes
_FEW = 40  # train pictures a class; with fewer, only the last layer is trained


class Proposing:
    """Checks the data that a recipe's dataset names."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe

    def survey(self, archives: Sequence[Path]) -> "ClassificationSurvey":
        """Check every picture as the preprocess stage does."""
        with ClassFolders(archives) as opened:
            assigned, problems = opened.assign(self._recipe.dataset.splits)
            splits, _, repetitions = remove_repetitions(assigned)
            classes = sorted({picture.class_name for pictures in splits.values() for picture in pictures})
            if len(classes) == 1:
                raise UserError(
                    f"all pictures are of the class {classes[0]!r}, and a classifier tells two or more apart; expected "
                    "a folder of pictures for each (for pictures with boxes, take a recipe that trains a detector)"
                )
            problems = [*opened.problems, *problems, *repetitions]
            prepared: dict[str, list[PreparedPicture]] = {}
            with Progress("look at pictures", sum(map(len, splits.values())), "pictures") as progress:
                for split, pictures in splits.items():
                    looked = list(progress.count(prepare_pictures(pictures, classes)))
                    problems += [picture.problem for picture in looked if picture.problem]
                    prepared[split] = [picture for picture in looked if picture.example]
            return ClassificationSurvey(self._recipe, classes, prepared, problems)


class ClassificationSurvey:
    """What a check of pictures of one class each found."""

    usual_steps = 900  # of a training from pre-trained weights: about what flowers does

    def __init__(
        self,
        recipe: Recipe,
        classes: Sequence[str],
        prepared: Mapping[str, Sequence[PreparedPicture]],
        problems: list[Problem],
    ) -> None:
        self.classes, self.problems = tuple(classes), problems
        self.pictures = {split: len(pictures) for split, pictures in prepared.items()}
        self._recipe = recipe
        self._train = Counter(picture.class_name for picture in prepared["train"])
        self._all = [picture for pictures in prepared.values() for picture in pictures]

    @property
    def purpose(self) -> str:
        """What a model of this data is for."""
        return f"Tells {few_names(self.classes)} apart"

    def facts(self) -> list[tuple[str, str]]:
        """Names and values that describe the data: numbers of pictures, their sizes, and how many each class has."""
        counts, longer = Counter(picture.class_name for picture in self._all), self._longer_sides()
        facts = [("pictures", ", ".join(f"{split} {count}" for split, count in self.pictures.items()))]
        if longer:
            facts.append(("longer side", f"{min(longer)} to {max(longer)} px, median {int(np.median(longer))}"))
        facts += [(f"  {name}", f"{counts[name]}, of which train {self._train[name]}") for name in self.classes]
        return facts

    def proposals(self) -> Iterator[Proposal]:
        """The input size and frozen blocks that the recipe should have for this data; they may be those that it has."""
        if longer := self._longer_sides():
            yield self._input_size(int(np.median(longer)))
        if self._recipe.dataset.pretrained:
            yield self._frozen_blocks()

    def _longer_sides(self) -> list[int]:
        return [max(picture.size) for picture in self._all]

    def _input_size(self, longer: int) -> Proposal:
        base = self._recipe.model.input_size
        size = min(base, max(_SMALLEST, longer // _STEP * _STEP))  # enlarging pictures adds no detail
        reason = f"half of the pictures are at most {longer} px long"
        return Proposal("model", "input_size", size, reason)

    def _frozen_blocks(self) -> Proposal:
        least = min((self._train[name] for name in self.classes), default=0)
        if least < _FEW:
            reason = f"a class has {least} pictures to train on, too few to change what the weights know"
            return Proposal("train_float", "frozen_blocks", "all", reason)
        reason = f"each class has {least} pictures to train on or more"
        return Proposal("train_float", "frozen_blocks", self._recipe.train_float.frozen_blocks, reason)


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Proposing] = Proposing
