"""How far the probabilities that a model gives are from how often it is right."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octet.common.files import write_rows

_BINS = 15  # of equal width


def calibration_error(scores: NDArray[np.float64], correct: NDArray[np.bool_]) -> float:
    """The expected calibration error of first answers with scores [N] in 0..1 that are correct [N] or not.

    Answers are put into bins by their score; the differences of the bins' mean score and share of correct answers are
    averaged, each with the weight of its answers (Guo et al., 2017).
    """
    bins = _bins(scores)
    gaps = np.bincount(bins, scores - correct, _BINS)  # [B], of sums
    return float(np.abs(gaps).sum() / len(scores))


def write_reliability(path: Path, scores: NDArray[np.float64], correct: NDArray[np.bool_]) -> None:
    """Write a row for each bin that has answers: their mean score, the share that is correct, and how many they are."""
    bins = _bins(scores)
    counts, sums, right = (np.bincount(bins, weights, _BINS) for weights in (None, scores, correct))
    rows = [
        (f"{total / count:.5f}", f"{good / count:.5f}", int(count))
        for count, total, good in zip(counts, sums, right, strict=True)
        if count
    ]
    write_rows(path, ("score", "correct", "pictures"), rows)


def _bins(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """The bin of each score [N]; the highest takes a score of 1, too."""
    return np.minimum((scores * _BINS).astype(np.int64), _BINS - 1)
