"""Whether the shipped file is good enough."""

from collections.abc import Mapping, Sequence
from typing import Any

from octet.recipe import Evaluate, TfliteVariant


def against_float(drop: float) -> str:
    """A drop in words: what scores better than the float model did not drop."""
    return f"{abs(drop):.4f} {'below' if drop >= 0 else 'above'} the float model"


def judge(
    variants: Mapping[str, Mapping[str, Any]], forbidden: Mapping[TfliteVariant, Sequence[str]], limits: Evaluate
) -> dict[str, Any]:
    """Every limit against what was found; `forbidden` are the operators in each file that should not be there."""
    uint8 = variants["uint8"]
    drop = round(variants["float"]["voc12_map"] - uint8["voc12_map"], 5)
    checks = [
        _check("drop", drop, limits.max_drop, drop <= limits.max_drop),
        _check("voc12_map", uint8["voc12_map"], limits.min_map, uint8["voc12_map"] >= limits.min_map),
        _check("bytes", uint8["bytes"], limits.max_bytes, uint8["bytes"] <= limits.max_bytes),
    ]
    for variant, names in limits.forbidden_operators.items():
        found = list(forbidden[variant])
        checks.append(_check(f"operators of {variant}", found, list(names), not found))
    return {
        "max_drop": limits.max_drop,
        "drop": drop,
        "min_map": limits.min_map,
        "passed": all(check["passed"] for check in checks),
        "checks": checks,
    }


def text_table(checks: Sequence[Mapping[str, Any]]) -> str:
    """What was found against what is allowed, a line a check."""
    said = {"drop": "at most", "voc12_map": "at least", "bytes": "at most"}
    rows = [
        (
            check["check"],
            _text(check["found"]),
            f"{said.get(check['check'], 'none of')} {_text(check['limit'])}",
            "ok" if check["passed"] else "FAIL",
        )
        for check in checks
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _check(name: str, found: Any, limit: Any, passed: bool) -> dict[str, Any]:
    return {"check": name, "found": found, "limit": limit, "passed": bool(passed)}


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"
