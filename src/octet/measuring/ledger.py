"""The ledger: the change of score at each step from the float model to the files, with a confidence interval."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octet.common.files import write_rows
from octet.measuring.evaluation import STEPS, Step

_DECIMALS = 5


def compute_ledger(
    metric: str,
    scores: Mapping[str, float],
    resampled: Mapping[str, NDArray[np.float64]],
    steps: Iterable[tuple[str, str]] = STEPS,
) -> list[Step]:
    """The change of a metric at each step, and the middle 95 % of that change over resamples of the test set.

    `scores` and `resampled` have the score of each variant, and its scores [R] on the resamples. These are the same for
    all variants, so that what makes a picture hard for both variants of a step cancels out.
    """
    return [
        Step.model_validate(
            {
                "from": before,
                "to": after,
                "metric": metric,
                "delta": round(scores[after] - scores[before], _DECIMALS),
                "ci95": _interval(resampled[after] - resampled[before]),
            }
        )
        for before, after in steps
    ]


def write_ledger(path: Path, steps: Iterable[Step]) -> None:
    """Write a CSV with a row for each metric and step, which `dvc plots` draws."""
    rows = ((step.metric, f"{step.before} → {step.after}", step.delta, *step.ci95) for step in steps)
    write_rows(path, ("metric", "step", "delta", "low", "high"), rows)


def _interval(changes: NDArray[np.float64]) -> tuple[float, float]:
    """The ends of the middle 95 % of changes [R]."""
    low, high = np.percentile(changes, [2.5, 97.5])
    return round(float(low), _DECIMALS), round(float(high), _DECIMALS)
