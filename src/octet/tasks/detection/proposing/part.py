"""Checks the user's own annotated pictures, and proposes what a detector's recipe should say for them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from octet.common.progress import Progress
from octet.recipe.detection import STRIDES, Recipe
from octet.sources.reading.archive import Archives
from octet.sources.reading.split import assign_splits
from octet.sources.voc.annotation import Annotation
from octet.sources.voc.problem import Problem
from octet.tasks.detection.preparing.preparation import find_classes, prepare_pictures
from octet.tasks.proposal import Proposal, few_names

_SMALLEST = 16  # px, the shorter side of a small object in the network's input, at least
_SMALL = 0.1  # the quantile of the shorter sides that counts as a small object's
_SIZES = (96, 640)  # px, the smallest and largest input size that is proposed
_FINEST = STRIDES[0]  # px, the finest stride: large objects are learnt faster with it, too
_COARSEST = 32  # px, the backbone's last stride; a base that goes further keeps its own


class Proposing:
    """Checks the data that a recipe's dataset names."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe

    def survey(self, archives: Sequence[Path]) -> "DetectionSurvey":
        """Check every picture and annotation as the preprocess stage does."""
        with Archives(archives) as opened:
            splits, problems = assign_splits(opened, self._recipe.dataset.splits)
            entries = [entry for members in splits.values() for entry in members]
            listed = self._recipe.dataset.classes
            classes = find_classes(entries) if listed == "found" else listed
            problems = [*opened.problems, *problems]
            pictures: dict[str, list[Annotation]] = {}
            with Progress("look at pictures", len(entries), "pictures") as progress:
                for split, members in splits.items():
                    checked = list(progress.count(prepare_pictures(members, classes)))
                    pictures[split] = [picture.annotation for picture in checked if picture.annotation]
                    problems += [problem for picture in checked for problem in picture.problems]
            return DetectionSurvey(self._recipe, tuple(classes), pictures, problems)


class DetectionSurvey:
    """What a check of annotated pictures found."""

    usual_steps = 9000  # of a training from pre-trained weights: 60 epochs of VOC 2007

    def __init__(
        self,
        recipe: Recipe,
        classes: tuple[str, ...],
        pictures: dict[str, list[Annotation]],
        problems: list[Problem],
    ) -> None:
        self.classes, self.problems = classes, problems
        self.pictures = {split: len(annotations) for split, annotations in pictures.items()}
        self._recipe = recipe
        self._annotations = [annotation for annotations in pictures.values() for annotation in annotations]

    @property
    def purpose(self) -> str:
        """What a model of this data is for."""
        return f"Finds {few_names(self.classes)}"

    def facts(self) -> list[tuple[str, str]]:
        """Names and values that describe the data: numbers of pictures, their sizes, and objects of each class."""
        counts = Counter(object_.name for annotation in self._annotations for object_ in annotation.objects)
        longer = [max(annotation.width, annotation.height) for annotation in self._annotations]
        facts = [("pictures", ", ".join(f"{split} {count}" for split, count in self.pictures.items()))]
        if longer:
            facts.append(("longer side", f"{min(longer)} to {max(longer)} px, median {int(np.median(longer))}"))
        facts.append(("objects", f"{counts.total()} of {len(self.classes)} classes"))
        facts += [(f"  {name}", str(counts[name])) for name in self.classes]
        return facts

    def proposals(self) -> Iterator[Proposal]:
        """The input size and the strides that the recipe should have for this data; they may be those that it has."""
        boxes = self._boxes()
        if len(boxes):
            size, reason = self._input_size(boxes)
            yield Proposal("model", "input_size", size, reason)
            yield self._strides(boxes, size)

    def _boxes(self) -> NDArray[np.float32]:
        """The boxes [G, 4] of all objects as corners, in shares of their picture's sides."""
        rows = []
        for annotation in self._annotations:
            sides = np.tile([annotation.height, annotation.width], 2)
            for object_ in annotation.objects:
                xmin, ymin, xmax, ymax = object_.box
                rows.append(np.array([ymin - 1, xmin - 1, ymax, xmax]) / sides)
        return np.array(rows, np.float32).reshape(-1, 4)

    def _input_size(self, boxes: NDArray[np.float32]) -> tuple[int, str]:
        """The proposed input size, with the reason."""
        base = self._recipe.model.input_size
        small = float(np.quantile((boxes[:, 2:] - boxes[:, :2]).min(axis=1), _SMALL))
        longer = int(np.median([max(annotation.width, annotation.height) for annotation in self._annotations]))
        smallest, largest = _SIZES
        most = max(smallest, longer // 32 * 32)  # enlarging pictures adds no detail
        if base > most:
            return most, f"half of the pictures are at most {longer} px long"
        size = max(base, min(most, largest, 32 * int(np.ceil(_SMALLEST / small / 32))))
        return size, f"a tenth of the objects are at most {small:.3f} of the picture's side, so {small * size:.0f} px"

    def _strides(self, boxes: NDArray[np.float32], size: int) -> Proposal:
        """The proposed strides, with the share of objects that are too small for them as the reason."""
        missed = float(((boxes[:, 2:] - boxes[:, :2]).min(axis=1) * size < _FINEST).mean())
        own = self._recipe.model.strides
        strides = tuple(stride for stride in STRIDES if stride <= max(own[-1], _COARSEST))
        reason = (
            f"{missed:.1%} of the objects are less than a cell of {_FINEST} px wide or high at {size} px, easily missed"
        )
        return Proposal("model", "strides", own if strides == own else list(strides), reason)


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Proposing] = Proposing
