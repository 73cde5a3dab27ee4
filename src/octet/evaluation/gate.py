"""Whether the shipped file is good enough."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octet.quantization.operators import forbidden
from octet.recipe import Evaluate


@dataclass(frozen=True)
class Check:
    """A limit, and what was found."""

    name: str
    found: str
    allowed: str
    passed: bool


def against_float(drop: float) -> str:
    """A drop in words: what scores better than the float model did not drop."""
    return f"{abs(drop):.4f} {'below' if drop >= 0 else 'above'} the float model"


def judge(variants: Mapping[str, Mapping[str, Any]], files: Mapping[str, Path], limits: Evaluate) -> dict[str, Any]:
    """The drop and what it may be, and whether everything is within the limits."""
    return {
        "max_drop": limits.max_drop,
        "drop": _drop(variants),
        "min_map": limits.min_map,
        "passed": all(check.passed for check in checks(variants, files, limits)),
    }


def checks(variants: Mapping[str, Mapping[str, Any]], files: Mapping[str, Path], limits: Evaluate) -> list[Check]:
    """Every limit against what was scored, and what is in the variants' files."""
    drop, score, size = _drop(variants), variants["uint8"]["voc12_map"], files["uint8"].stat().st_size
    found = [
        Check("drop in VOC12 mAP", f"{drop:.4f}", f"at most {limits.max_drop}", drop <= limits.max_drop),
        Check("VOC12 mAP", f"{score:.4f}", f"at least {limits.min_map}", score >= limits.min_map),
        Check("bytes", f"{size:,}", f"at most {limits.max_bytes:,}", size <= limits.max_bytes),
    ]
    for variant, names in limits.forbidden_operators.items():
        unwanted = forbidden(files[variant].read_bytes(), names)
        told = ", ".join(unwanted) or "none of them"
        found.append(Check(f"operators of {variant}", told, f"no {', '.join(names)}", not unwanted))
    return found


def text_table(checks: Sequence[Check]) -> str:
    """What was found against what is allowed, a line a check."""
    rows = [(check.name, check.found, check.allowed, "ok" if check.passed else "FAIL") for check in checks]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _drop(variants: Mapping[str, Mapping[str, Any]]) -> float:
    return round(variants["float"]["voc12_map"] - variants["uint8"]["voc12_map"], 5)
