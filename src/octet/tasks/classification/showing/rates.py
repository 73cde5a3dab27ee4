"""Precision and recall of each class, with intervals that tell how much the number of test pictures leaves open."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from octet.tasks.classification.metric.answers import Answers
from octet.tasks.classification.metric.truths import Truths


@dataclass(frozen=True)
class Rate:
    """How many of some pictures are right."""

    right: int
    pictures: int

    @property
    def share(self) -> float:
        """The share that is right; not a number of no pictures."""
        return self.right / self.pictures if self.pictures else float("nan")

    @property
    def ci95(self) -> tuple[float, float]:
        """The 95 % interval of the share by Wilson's score, which holds for few pictures and for all or none right."""
        if not self.pictures:
            return 0.0, 1.0
        interval = binomtest(self.right, self.pictures).proportion_ci(method="wilson")
        return float(interval.low), float(interval.high)

    def __str__(self) -> str:
        if not self.pictures:
            return "none there"
        low, high = self.ci95
        return f"{self.share:.3f} ({low:.3f} to {high:.3f})"


@dataclass(frozen=True)
class ClassRates:
    """Of the pictures that a class is said of, how many are of it; and of those that are, of how many it is said."""

    name: str
    precision: Rate
    recall: Rate


def rates_by_class(answers: Answers, truths: Truths, classes: Sequence[str]) -> list[ClassRates]:
    """The rates of each class, those that the model finds worst first; a class without pictures has no place in it."""
    named, pictures, right = (
        np.bincount(chosen, minlength=len(classes)).tolist()
        for chosen in (answers.first, truths.classes, truths.classes[answers.first == truths.classes])
    )
    rates = [
        ClassRates(name, Rate(right[class_], named[class_]), Rate(right[class_], pictures[class_]))
        for class_, name in enumerate(classes)
        if pictures[class_]
    ]
    return sorted(rates, key=lambda of: of.recall.share)
