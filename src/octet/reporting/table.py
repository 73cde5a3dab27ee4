"""The short table that a run ends with."""

from collections.abc import Mapping
from typing import Any

COLUMNS = ("variant", "VOC07 mAP", "VOC12 mAP", "size", "drop")


def rows(variants: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """One row a variant; the drop is in VOC12 mAP against the float Keras model."""
    reference = variants["float"]["voc12_map"]  # what is added to a difference makes a zero of minus zero
    return [
        (
            name,
            f"{scores['voc07_map']:.4f}",
            f"{scores['voc12_map']:.4f}",
            f"{scores['bytes'] / 1e6:.2f} MB" if "bytes" in scores else "",
            "" if name == "float" else f"{round(reference - scores['voc12_map'], 4) + 0.0:+.4f}",
        )
        for name, scores in variants.items()
    ]


def text_table(variants: Mapping[str, Mapping[str, Any]]) -> str:
    """The table for a terminal."""
    lines = [COLUMNS, *rows(variants)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
