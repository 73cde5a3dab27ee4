"""The short table that a run ends with."""

from collections.abc import Mapping
from typing import Any

COLUMNS = ("variant", "VOC07 mAP", "VOC12 mAP", "size", "drop", "95 % interval")


def rows(evaluation: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """One row a variant; the drop is in VOC12 mAP against the float Keras model, as the ledger has it."""
    steps = {step["to"]: step for step in evaluation["ledger"] if step["from"] == "float"}
    return [
        (
            name,
            f"{scores['voc07_map']:.4f}",
            f"{scores['voc12_map']:.4f}",
            f"{scores['bytes'] / 1e6:.2f} MB" if "bytes" in scores else "",
            *(_drop(steps[name]) if name in steps else ("", "")),
        )
        for name, scores in evaluation["variants"].items()
    ]


def text_table(evaluation: Mapping[str, Any]) -> str:
    """The table for a terminal."""
    lines = [COLUMNS, *rows(evaluation)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _drop(step: Mapping[str, Any]) -> tuple[str, str]:
    low, high = step["ci95"]
    drop, least, most = (f"{round(-change, 4) + 0.0:+.4f}" for change in (step["delta"], high, low))  # no minus zero
    return drop, f"{least} to {most}"
