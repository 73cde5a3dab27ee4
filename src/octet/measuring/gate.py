"""Whether the shipped file is good enough: every limit of the recipe against what was found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from octet.measuring.evaluation import Gate, Variant
from octet.measuring.files import FileFacts
from octet.recipe.shared.recipe import Score
from octet.tflite.running.operators import require_known


@dataclass(frozen=True)
class Check:
    """A limit, and what was found."""

    name: str
    found: str
    allowed: str
    passed: bool


def judge(variants: Mapping[str, Variant], files: Mapping[str, FileFacts], metric: str, limits: Score) -> Gate:
    """The drop and what it may be, and whether everything is within the limits."""
    return Gate(
        max_drop=limits.max_drop,
        drop=_drop(variants, metric),
        min_score=limits.min_score,
        passed=all(check.passed for check in checks(variants, files, metric, limits)),
    )


def checks(variants: Mapping[str, Variant], files: Mapping[str, FileFacts], metric: str, limits: Score) -> list[Check]:
    """Every limit against what was scored, and what is in the variants' files."""
    drop, score, size = _drop(variants, metric), variants["uint8"][metric], files["uint8"].bytes
    found = [
        Check(f"drop in {metric}", f"{drop:.4f}", f"at most {limits.max_drop}", drop <= limits.max_drop),
        Check(metric, f"{score:.4f}", f"at least {limits.min_score}", score >= limits.min_score),
        Check("bytes", f"{size:,}", f"at most {limits.max_bytes:,}", size <= limits.max_bytes),
    ]
    for variant, names in limits.forbidden_operators.items():
        require_known(names)
        unwanted = files[variant].forbidden(names)
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


def _drop(variants: Mapping[str, Variant], metric: str) -> float:
    """How much less the shipped file scores than the float model; below zero where it scores more."""
    return round(variants["float"][metric] - variants["uint8"][metric], 5)
