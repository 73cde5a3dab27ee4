"""Precision and recall of each class, with intervals that tell how much the number of test pictures leaves open."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from octet.measuring.rates import Rate
from octet.tasks.classification.metric.answers import Answers
from octet.tasks.classification.metric.truths import Truths


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
