"""Whether the shipped file is good enough: every limit of the recipe against what was measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tabulate import tabulate

from octet.measuring.evaluation import Gate, Variant, signed
from octet.measuring.files import FileFacts
from octet.recipe.shared.recipe import Score
from octet.tflite.running.operators import require_known


@dataclass(frozen=True)
class Check:
    """A limit, and what was measured."""

    name: str
    measured: str
    allowed: str
    passed: bool


def judge_gate(variants: Mapping[str, Variant], files: Mapping[str, FileFacts], metric: str, limits: Score) -> Gate:
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
        Check(f"change of {metric}", signed(0 - drop), f"at least {0 - limits.max_drop:+g}", drop <= limits.max_drop),
        Check(metric, f"{score:.4f}", f"at least {limits.min_score}", score >= limits.min_score),
        Check("bytes", f"{size:,}", f"at most {limits.max_bytes:,}", size <= limits.max_bytes),
    ]
    for variant, names in limits.forbidden_operators.items():
        require_known(names)
        unwanted = files[variant].forbidden(names)
        listed = ", ".join(unwanted) or "none of them"
        found.append(Check(f"operators of {variant}", listed, f"no {', '.join(names)}", not unwanted))
    return found


def gate_table(checks: Sequence[Check]) -> str:
    """What was measured against what is allowed, a line a check."""
    rows = [(check.name, check.measured, check.allowed, "ok" if check.passed else "FAIL") for check in checks]
    return tabulate(rows, tablefmt="plain", disable_numparse=True)


def _drop(variants: Mapping[str, Variant], metric: str) -> float:
    """How much less the shipped file scores than the float model; below zero where it scores more."""
    return round(variants["float"][metric] - variants["uint8"][metric], 5)
