"""Chooses pictures, and puts what they are, and what models answer with which scores, beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from octet.reporting.drawing import draw_lines
from octet.reporting.gallery import RIGHT, Exhibit, Mark
from octet.reporting.pictures import encode, montage, shrink
from octet.tasks.classification.metric.answers import Answers
from octet.tasks.classification.metric.truths import Truths

WRONG, DIFFER = "wrong", "float and uint8 differ"
COLOURS = {RIGHT: (0, 158, 115), WRONG: (213, 94, 0)}
TRUTH = "ground truth"
TOP = 3  # answers of a model that are told of a picture

_SIDE, _SMALL_SIDE = 480, 240  # px of a picture's longer side, at most


@dataclass(frozen=True)
class Figure:
    """A picture with lines of what is said of it."""

    title: str
    jpeg: bytes
    lines: Sequence[str]


class Pictures:
    """The test pictures with what float and uint8 answer; `models` maps these names to their answers."""

    def __init__(self, truths: Truths, models: Mapping[str, Answers], classes: Sequence[str]) -> None:
        self._truths, self._models, self._classes = truths, models, classes
        shipped = models["uint8"]
        self.wrong: NDArray[np.bool_] = shipped.first != truths.classes  # [N]
        self.differ: NDArray[np.bool_] = shipped.first != models["float"].first  # [N]

    def most_confident_mistakes(self, count: int) -> list[int]:
        """The wrong answers of uint8 with the highest scores, the highest first."""
        return self._surest(self.wrong, count)

    def most_confident_differences(self, count: int) -> list[int]:
        """The pictures on which float and uint8 differ, those of which uint8 is surest first."""
        return self._surest(self.differ, count)

    def choose(self, count: int) -> list[int]:
        """As many pictures, in turn one that is answered well and one that is not, as long as there are such.

        Those answered well are the first of each class, then the second of each, and so on.
        """
        hard = self._surest(self.wrong | self.differ, count // 2)
        good = np.flatnonzero(~(self.wrong | self.differ))
        classes = self._truths.classes[good]
        places = np.zeros_like(good)  # of each among those of its class
        for class_ in np.unique(classes):
            places[classes == class_] = np.arange(np.count_nonzero(classes == class_))
        spread = [int(index) for index in good[np.lexsort((classes, places))][: count - len(hard)]]
        return [index for pair in zip_longest(spread, hard) for index in pair if index is not None]

    def exhibit(self, index: int, jpeg: bytes) -> Exhibit:
        """A picture for the gallery, with what it is and what each model answers."""
        image = shrink(jpeg, _SIDE)
        label = self._label(self._truths.classes[index])
        return Exhibit(
            title=f"{self._truths.ids[index]}, {label}",
            jpeg=encode(image),
            size=image.size,
            marks={
                TRUTH: [Mark(label, RIGHT)],
                **{name: [self._answer(index, answers)] for name, answers in self._models.items()},
            },
            kinds=[DIFFER] if self.differ[index] else [],
        )

    def figure(self, index: int, jpeg: bytes) -> Figure:
        """A small picture with what it is, and what each model answers first."""
        label = self._label(self._truths.classes[index])
        answers = [f"{name}: {self._told(index, 0, answers)}" for name, answers in reversed([*self._models.items()])]
        title = f"{self._truths.ids[index]}, {label}"
        return Figure(title, encode(shrink(jpeg, _SMALL_SIDE)), [f"is {label}", *answers])

    def montage(self, indices: Sequence[int], jpegs: Mapping[str, bytes]) -> bytes:
        """One JPEG with the pictures in a row, each with what it is and what each model answers."""
        return montage([[self._written_on(index, jpegs[self._truths.ids[index]]) for index in indices]])

    def _written_on(self, index: int, jpeg: bytes) -> Image.Image:
        lines = self.figure(index, jpeg).lines
        return Image.fromarray(draw_lines(np.asarray(shrink(jpeg, _SIDE)), lines))

    def _surest(self, chosen: NDArray[np.bool_], count: int) -> list[int]:
        """The pictures of `chosen` [N] of which uint8 is surest; of equal ones the first."""
        scores = np.where(chosen, self._models["uint8"].scores[:, 0], -1.0)
        order = np.argsort(-scores, kind="stable")[: min(count, int(chosen.sum()))]
        return [int(index) for index in order]

    def _answer(self, index: int, answers: Answers) -> Mark:
        """The first answer of a model as a mark; the mark of the ground truth has the index 0."""
        is_right = bool(answers.first[index] == self._truths.classes[index])
        further = range(1, min(TOP, answers.classes.shape[1]))
        return Mark(
            self._label(answers.first[index]),
            RIGHT if is_right else WRONG,
            score=float(answers.scores[index, 0]),
            truth=0 if is_right else None,
            rest=", ".join(self._told(index, place, answers) for place in further),
        )

    def _told(self, index: int, place: int, answers: Answers) -> str:
        return f"{self._label(answers.classes[index, place])} {answers.scores[index, place]:.2f}"

    def _label(self, class_: np.int64) -> str:
        return self._classes[int(class_)]
