"""What each step from the float model to the shipped file costs, on the same pictures, with error bars."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octet.common.files import write_rows
from octet.measuring.evaluation import Step

# From the float model to all else; then training for 8 bits beside as much in float and beside none, and conversion.
STEPS = (
    ("float", "control"),
    ("float", "qat"),
    ("float", "float32"),
    ("float", "float16"),
    ("float", "dynamic"),
    ("float", "int8_ptq"),
    ("float", "uint8"),
    ("float", "uint8_raw"),
    ("control", "qat"),
    ("control", "uint8"),
    ("int8_ptq", "uint8"),
    ("qat", "uint8"),
    ("uint8", "uint8_raw"),
)
_DECIMALS = 5


def ledger(metric: str, scores: Mapping[str, float], resampled: Mapping[str, NDArray[np.float64]]) -> list[Step]:
    """The change of a metric at each step, and the middle 95 % of it over pictures drawn with replacement.

    Both hold a variant's by its name: the score, and the scores [R] on the same resamples for all, so that what makes
    a picture hard for both ends of a step cancels out.
    """
    return [
        Step.model_validate(
            {
                "from": before,
                "to": after,
                "metric": metric,
                "delta": round(scores[after] - scores[before], _DECIMALS),
                "ci95": _middle(resampled[after] - resampled[before]),
            }
        )
        for before, after in STEPS
    ]


def write_ledger(path: Path, steps: Iterable[Step]) -> None:
    """A row a step, for `dvc plots`."""
    rows = ((f"{step.before} → {step.after}", step.delta, *step.ci95) for step in steps)
    write_rows(path, ("step", "delta", "low", "high"), rows)


def _middle(changes: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.percentile(changes, [2.5, 97.5])
    return round(float(low), _DECIMALS), round(float(high), _DECIMALS)
