"""Scores answers: how often they are right, on the test set and on resamples of it, and against another model's."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from octet.tasks.classification.metric.answers import Answers, from_plain, is_among_top, top_share
from octet.tasks.classification.metric.truths import read_truths
from octet.tasks.classification.scoring.calibration import write_reliability
from octet.tasks.classification.scoring.comparison import compare_answers
from octet.tasks.classification.scoring.scores import compute_scores


class Scoring:
    """Scores answers against the ground truth of the test split."""

    def __init__(self, classes: Sequence[str], records: Path) -> None:
        self._classes, self._truths = classes, read_truths(records, "test")
        self.images = len(self._truths.ids)

    def match_predictions(self, predictions: Any) -> Answers:
        """One model's answers, in the order of the ground truth."""
        return from_plain(predictions, self._truths)

    def scores(self, matched: Answers) -> dict[str, Any]:
        """How often the model is right, how well it knows that, and both by class, rounded."""
        return compute_scores(matched, self._truths, self._classes)

    def exact_metrics(self, matched: Answers) -> dict[str, float]:
        """The share of pictures that the model is right about, which the ledger compares, unrounded."""
        return {"top1": top_share(matched, self._truths, 1)}

    def resampled_metrics(self, matched: Answers, draws: NDArray[np.float32]) -> dict[str, NDArray[np.float64]]:
        """The same on every resample, each [R]; `draws` is [pictures, R]."""
        correct = is_among_top(matched, self._truths, 1).astype(np.float32)  # [pictures]
        return {"top1": (correct @ draws).astype(np.float64) / draws.sum(axis=0, dtype=np.float64)}

    def comparable(self, matched: Answers) -> NDArray[np.int64]:
        """The model's first answer for each picture: [N]."""
        return matched.first

    def compare(self, before: NDArray[np.int64], after: NDArray[np.int64]) -> dict[str, float]:
        """How often two models agree, and whether one is right more often than by chance."""
        return compare_answers(before, after, self._truths.classes)

    def write_curve(self, matched: Answers, path: Path) -> None:
        """Write how often the model is right against how sure it is, as CSV."""
        write_reliability(path, matched.scores[:, 0], is_among_top(matched, self._truths, 1))


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Scoring] = Scoring
