"""The short table that a run ends with."""

from collections.abc import Mapping
from typing import Any

_COLUMNS = ("variant", "VOC07 mAP", "VOC12 mAP", "size", "drop")


def rows(variants: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """One row a variant; the drop is in VOC12 mAP against the float Keras model."""
    reference = variants["float"]["voc12_map"]
    return [
        (
            name,
            f"{scores['voc07_map']:.4f}",
            f"{scores['voc12_map']:.4f}",
            f"{scores['bytes'] / 1e6:.2f} MB" if "bytes" in scores else "",
            "" if name == "float" else f"{reference - scores['voc12_map']:+.4f}",
        )
        for name, scores in variants.items()
    ]


def text_table(variants: Mapping[str, Mapping[str, Any]]) -> str:
    """The table for a terminal."""
    lines = [_COLUMNS, *rows(variants)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_COLUMNS))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def html_table(variants: Mapping[str, Mapping[str, Any]]) -> str:
    """The table for the page."""
    head = "".join(f"<th>{name}</th>" for name in _COLUMNS)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows(variants))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
