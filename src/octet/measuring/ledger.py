"""The ledger: the change of score at each step from the float model to the files, with a confidence interval."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octet.common.files import write_rows
from octet.measuring.evaluation import DECIMALS, STEPS, Comparison, Step


def compute_ledger(
    metrics: Iterable[str],
    scores: Mapping[str, Mapping[str, float]],
    resampled: Mapping[str, Mapping[str, NDArray[np.float64]]],
    pairs: Sequence[tuple[str, str]] = STEPS,
) -> list[Step]:
    """The change of each metric at each step, and the middle 95 % of that change over resamples of the test set.

    `scores` and `resampled` have, for each variant and metric, the score, and the scores [R] on the resamples. These
    are the same for all variants, so that what makes a picture hard for both variants of a step cancels out.
    """
    return [
        Step.model_validate(
            {
                "from": before,
                "to": after,
                "metric": metric,
                "delta": round(scores[after][metric] - scores[before][metric], DECIMALS),
                "ci95": _interval(resampled[after][metric] - resampled[before][metric]),
            }
        )
        for metric in metrics
        for before, after in pairs
    ]


def compare_steps(
    compare: Callable[[Any, Any], Mapping[str, float]],
    comparable: Mapping[str, Any],
    pairs: Sequence[tuple[str, str]] = STEPS,
) -> list[Comparison]:
    """What a task's `compare` has to say about the two variants of each step, where it says anything."""
    numbers = {(before, after): compare(comparable[before], comparable[after]) for before, after in pairs}
    return [
        Comparison.model_validate({"from": before, "to": after, **found})
        for (before, after), found in numbers.items()
        if found
    ]


def write_ledger(path: Path, steps: Iterable[Step]) -> None:
    """Write a CSV with a row for each metric and step, which `dvc plots` draws."""
    rows = ((step.metric, f"{step.before} → {step.after}", step.delta, *step.ci95) for step in steps)
    write_rows(path, ("metric", "step", "delta", "low", "high"), rows)


def _interval(changes: NDArray[np.float64]) -> tuple[float, float]:
    """The ends of the middle 95 % of changes [R]."""
    low, high = np.percentile(changes, [2.5, 97.5])
    return round(float(low), DECIMALS), round(float(high), DECIMALS)
