"""Whether the shipped file is good enough."""

from collections.abc import Mapping
from typing import Any

from octet.recipe import Evaluate


def against_float(drop: float) -> str:
    """A drop in words: what scores better than the float model did not drop."""
    return f"{abs(drop):.4f} {'below' if drop >= 0 else 'above'} the float model"


def judge(variants: Mapping[str, Mapping[str, Any]], limits: Evaluate) -> dict[str, Any]:
    """The drop of the uint8 file against the float model, and whether it and the score are within the limits."""
    score = variants["uint8"]["voc12_map"]
    drop = round(variants["float"]["voc12_map"] - score, 5)
    return {
        "max_drop": limits.max_drop,
        "drop": drop,
        "min_map": limits.min_map,
        "passed": bool(drop <= limits.max_drop and score >= limits.min_map),
    }
