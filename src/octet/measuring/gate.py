"""The quality gate: every limit of a recipe against the scores and files that were made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tabulate import tabulate

from octet.measuring.evaluation import DECIMALS, Drop, Gate, Step, Variant, changes_from_float, interval_text, signed
from octet.measuring.files import FileFacts
from octet.recipe.shared.recipe import Recipe
from octet.tflite.running.operators import FLOAT, require_known_operators


@dataclass(frozen=True)
class Check:
    """A limit of the recipe, the value that it is compared with, and whether that is within the limit."""

    name: str
    measured: str
    allowed: str
    passed: bool
    interval: str = ""  # where the value depends on the choice of pictures and this is known


def judge_gate(
    variants: Mapping[str, Variant], ledger: Sequence[Step], files: Mapping[str, FileFacts], recipe: Recipe
) -> Gate:
    """The gate's result for evaluation.json; `files` are the facts of the variants that are files."""
    changes = changes_from_float(ledger)
    drops = {
        metric: Drop(max_drop=max_drop, drop=0 - changes[metric, "uint8"].delta)
        for metric, max_drop in recipe.max_drops.items()
    }
    return Gate(
        max_drop=drops[recipe.headline].max_drop,
        drop=drops[recipe.headline].drop,
        min_score=recipe.score.min_score,
        passed=all(check.passed for check in check_limits(variants, ledger, files, recipe)),
        by_metric=drops,
    )


def check_limits(
    variants: Mapping[str, Variant], ledger: Sequence[Step], files: Mapping[str, FileFacts], recipe: Recipe
) -> list[Check]:
    """Compare every limit of the recipe with the variants' scores and the facts of their files."""
    limits, headline = recipe.score, recipe.metrics[recipe.headline]
    score, size = variants["uint8"][recipe.headline], files["uint8"].bytes
    changes = changes_from_float(ledger)
    checks = []  # with all decimals: with fewer, a value could fail a limit that it seems to meet
    for metric, max_drop in recipe.max_drops.items():
        step = changes[metric, "uint8"]
        name, allowed = f"change of {recipe.metrics[metric]}", f"at least {0 - max_drop:+g}"
        passed, interval = step.delta >= 0 - max_drop, f"95 % interval {interval_text(step.ci95)}"
        checks.append(Check(name, signed(step.delta, DECIMALS), allowed, passed, interval))
    checks += [
        Check(headline, f"{score:.{DECIMALS}f}", f"at least {limits.min_score}", score >= limits.min_score),
        Check("bytes", f"{size:,}", f"at most {limits.max_bytes:,}", size <= limits.max_bytes),
    ]
    for variant, names in limits.forbidden_operators.items():
        require_known_operators(names)
        forbidden = _forbidden_operators(files[variant], names)
        listed = ", ".join(forbidden) or "none of them"
        checks.append(Check(f"operators of {variant}", listed, f"no {', '.join(names)}", not forbidden))
    return checks


def gate_table(checks: Sequence[Check]) -> str:
    """What was measured against what is allowed, a line a check."""
    rows = [
        (check.name, check.measured, check.allowed, "ok" if check.passed else "FAIL", check.interval)
        for check in checks
    ]
    return tabulate(rows, tablefmt="plain", disable_numparse=True)


def _forbidden_operators(file: FileFacts, names: Sequence[str]) -> list[str]:
    """The operators of a file that are among the names or, where these include FLOAT, compute in floating point."""
    return sorted(name for name, count in file.operators.items() if name in names or (FLOAT in names and count.float))
