"""The answers of a model for all pictures: for each the classes that are most likely, as one table, and as plain data.

A class scores its probability, rounded as in the published files, so that anyone computes the same from those files.
They are ranked before that: a network that is sure of one class gives the others less than the last digit.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octet.tasks.classification.metric.truths import Truths

BEST = 5  # classes that are kept of a picture's

_DECIMALS = 5


@dataclass(frozen=True)
class Answers:
    """The most likely classes of each picture, the likeliest first; of equal ones the class with the lower number."""

    classes: NDArray[np.int64]  # [N, K], 0-based
    scores: NDArray[np.float64]  # [N, K]

    @property
    def first(self) -> NDArray[np.int64]:
        """What the model says of each picture: [N]."""
        first: NDArray[np.int64] = self.classes[:, 0]
        return first


def rank_classes(batches: Iterable[NDArray[np.float32]]) -> Answers:
    """The answers from batches of probabilities [N, C]."""
    scores = np.concatenate([np.asarray(batch, np.float64) for batch in batches])  # [N, C]
    classes = np.argsort(-scores, axis=1, kind="stable")[:, :BEST]
    return Answers(classes, np.take_along_axis(scores, classes, axis=1).round(_DECIMALS))


def top_share(answers: Answers, truths: Truths, count: int) -> float:
    """The share of pictures whose class is among the first `count` answers."""
    return float(is_among_top(answers, truths, count).mean())


def is_among_top(answers: Answers, truths: Truths, count: int) -> NDArray[np.bool_]:
    """Whether the class of each picture is among the first `count` answers: [N]."""
    among: NDArray[np.bool_] = (answers.classes[:, :count] == truths.classes[:, None]).any(axis=1)
    return among


def to_plain(answers: Answers, truths: Truths) -> list[dict[str, Any]]:
    """Answers as plain data for JSON, a picture each: its id, and classes with their scores, counted from 0."""
    return [
        {"image_id": id, "classes": classes.tolist(), "scores": scores.tolist()}
        for id, classes, scores in zip(truths.ids, answers.classes, answers.scores, strict=True)
    ]


def from_plain(results: Sequence[Mapping[str, Any]], truths: Truths) -> Answers:
    """Answers from plain data, as `to_plain` gives it, in the order of the truths."""
    of_picture = {result["image_id"]: result for result in results}
    chosen = [of_picture[id] for id in truths.ids]
    return Answers(
        classes=np.array([result["classes"] for result in chosen], np.int64),
        scores=np.array([result["scores"] for result in chosen], np.float64),
    )
