"""What each step from the float model to the shipped file costs, on the same pictures, with error bars."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from octet.evaluation.average_precision import Ranked
from octet.evaluation.bootstrap import draw, resampled_map
from octet.evaluation.score import mean_area

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


def ledger(ranked: Mapping[str, Sequence[Ranked]], resamples: int, seed: int) -> list[dict[str, Any]]:
    """The change of voc12_map at each step, and the middle 95 % of it over pictures drawn with replacement.

    Both ends of a step see the same draws, so that what makes a picture hard for both cancels out.
    """
    draws = draw(len(next(iter(ranked.values()))[0].objects), resamples, seed)
    scores = {name: mean_area(of) for name, of in ranked.items()}
    resampled = {name: resampled_map(of, draws) for name, of in ranked.items()}  # [R]
    return [
        {
            "from": before,
            "to": after,
            "metric": "voc12_map",
            "delta": round(scores[after] - scores[before], _DECIMALS),
            "ci95": [
                round(float(end), _DECIMALS) for end in np.percentile(resampled[after] - resampled[before], [2.5, 97.5])
            ],
        }
        for before, after in STEPS
    ]
