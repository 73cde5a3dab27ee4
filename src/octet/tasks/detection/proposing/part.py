"""Own annotated pictures: what there is, what is wrong with it, and what a detector's recipe should say."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from octet.common.progress import Progress
from octet.recipe.detection import Level, Recipe
from octet.sources.reading.archive import Archives
from octet.sources.reading.split import assign
from octet.sources.voc.annotation import Annotation
from octet.sources.voc.problem import Problem
from octet.tasks.detection.network.anchors import make_anchors
from octet.tasks.detection.preparing.preparation import find_classes, prepare
from octet.tasks.detection.proposing.levels import fit_levels
from octet.tasks.detection.proposing.recall import covered
from octet.tasks.proposal import Proposal

_SMALLEST = 16  # px, of the shorter side of a small object as the network sees it
_SMALL = 0.1  # the quantile of sizes that counts as small
_SIZES = (96, 640)  # px, the input sizes that are proposed
_ENOUGH = 0.95  # the share of objects that anchors have to overlap by half


class Proposing:
    """Looks at the data that a recipe names."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe

    def look(self, archives: Sequence[Path]) -> "Survey":
        """Check every picture and annotation, as preprocess does."""
        with Archives(archives) as voc:
            splits, problems = assign(voc, self._recipe.dataset.splits)
            entries = [entry for members in splits.values() for entry in members]
            listed = self._recipe.dataset.classes
            classes = find_classes(entries) if listed == "found" else listed
            problems = [*voc.problems, *problems]
            pictures: dict[str, list[Annotation]] = {}
            with Progress("look at pictures", len(entries), "pictures") as progress:
                for split, members in splits.items():
                    checked = list(progress.count(prepare(members, classes)))
                    pictures[split] = [one.annotation for one in checked if one.annotation]
                    problems += [problem for one in checked for problem in one.problems]
            return Survey(self._recipe, tuple(classes), pictures, problems)


class Survey:
    """What was seen of the data."""

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

    def facts(self) -> list[tuple[str, str]]:
        """Names and values to show: how many, how large, of which class."""
        counts = Counter(thing.name for annotation in self._annotations for thing in annotation.objects)
        longer = [max(annotation.width, annotation.height) for annotation in self._annotations]
        shown = [("pictures", ", ".join(f"{split} {count}" for split, count in self.pictures.items()))]
        if longer:
            shown.append(("longer side", f"{min(longer)} to {max(longer)} px, median {int(np.median(longer))}"))
        shown.append(("objects", f"{counts.total()} of {len(self.classes)} classes"))
        shown += [(f"  {name}", str(counts[name])) for name in self.classes]
        return shown

    def proposals(self) -> Iterator[Proposal]:
        """What the recipe should say for this data, or that what it says is right."""
        boxes = self._boxes()
        if len(boxes):
            size, reason = self._input_size(boxes)
            yield Proposal("model", "input_size", size, reason)
            yield self._levels(boxes, size)

    def _boxes(self) -> NDArray[np.float32]:
        """All boxes [G, 4] as corners in shares of their picture's sides."""
        rows = []
        for annotation in self._annotations:
            sides = np.tile([annotation.height, annotation.width], 2)
            for thing in annotation.objects:
                xmin, ymin, xmax, ymax = thing.box
                rows.append(np.array([ymin - 1, xmin - 1, ymax, xmax]) / sides)
        return np.array(rows, np.float32).reshape(-1, 4)

    def _input_size(self, boxes: NDArray[np.float32]) -> tuple[int, str]:
        base = self._recipe.model.input_size
        small = float(np.quantile((boxes[:, 2:] - boxes[:, :2]).min(axis=1), _SMALL))
        longer = int(np.median([max(annotation.width, annotation.height) for annotation in self._annotations]))
        smallest, largest = _SIZES
        most = min(largest, max(smallest, longer // 32 * 32))  # enlarged pictures show nothing more
        if base > most:
            return most, f"half of the pictures are at most {longer} px long"
        size = max(base, min(most, 32 * int(np.ceil(_SMALLEST / small / 32))))
        return size, f"a tenth of the objects are at most {small:.3f} of the picture's side, so {small * size:.0f} px"

    def _levels(self, boxes: NDArray[np.float32], size: int) -> Proposal:
        model = self._recipe.model.model_copy(update={"input_size": size})
        before = covered(boxes, make_anchors(model), size)
        overlapped = "of the objects have an anchor that overlaps them by half"
        kept = Proposal("model", "levels", model.levels, f"{before:.2f} {overlapped}")
        if before >= _ENOUGH:
            return kept
        levels = fit_levels(boxes, size)
        fitted = model.model_copy(update={"levels": tuple(map(Level.model_validate, levels))})
        after = covered(boxes, make_anchors(fitted), size)
        if after <= before:
            return kept
        return Proposal("model", "levels", levels, f"{after:.2f} {overlapped}; with the base's, {before:.2f}")


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Proposing] = Proposing
