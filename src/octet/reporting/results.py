"""What a task has to show of a recipe's results, beside what is the same for all."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """A task's words on the model card."""

    network: str  # what was trained, as the end of "... in eight bits: "
    gives: str
    names: str  # what the model does with its classes: "Finds"
    counts: Sequence[str]  # of dataset.json's splits, by their keys
    scores: Sequence[tuple[str, str]]  # by class: what people call it, and its key
    measured: str  # what scores and drops are, as the end of "On the N pictures of test, "
    limits: Sequence[str]


@dataclass(frozen=True)
class Results:
    """Parts of the page as HTML, and what goes into files of its own."""

    numbers: Sequence[tuple[str, str]]  # the page's first: each with what it is
    examples: str  # pictures with what the models say of them
    by_class: str
    mistakes: str
    data: str
    montage: bytes  # a JPEG of some examples
    confusion: Sequence[tuple[str, str]]  # what each thing is, and what it was taken for
    card: Card
