"""What was found in all pictures, written as JSON or CSV for other programs."""

import csv
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from octet.commands.looking.kinds import Kind
from octet.commands.looking.new_file import new_file
from octet.common.printing import printable
from octet.common.spreadsheets import csv_text

if TYPE_CHECKING:
    from octet.tasks.protocol import Finding

STDOUT = Path("-")

_BOX_DECIMALS, _SCORE_DECIMALS = 2, 5
_COLUMNS, _CORNERS = ("source", "frame", "label", "score"), ("left", "top", "right", "bottom")


@dataclass(frozen=True)
class PictureResult:
    """What was found in a picture, or in one frame of a video, the highest score first."""

    source: str
    frame: int | None
    width: int
    height: int
    findings: Sequence["Finding"]


def write_results_json(file: Path, results: Sequence[PictureResult], kind: Kind) -> None:
    """Write a list of pictures, each with what was found in it."""
    with _open(file) as out:
        json.dump([_as_json(result, kind) for result in results], out, indent=2)
        out.write("\n")


def write_results_csv(file: Path, results: Sequence[PictureResult], kind: Kind) -> None:
    """Write a table with one row for each finding; what cannot be printed in names is escaped."""
    with _open(file) as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow((*_COLUMNS, *(_CORNERS if kind.has_boxes else ())))
        for result in results:
            frame = "" if result.frame is None else result.frame
            table.writerows(
                (
                    csv_text(printable(result.source)),
                    frame,
                    csv_text(printable(finding.label)),
                    _score(finding),
                    *_corners(finding),
                )
                for finding in result.findings
            )


def _as_json(result: PictureResult, kind: Kind) -> dict[str, Any]:
    return {
        "source": result.source,
        **({} if result.frame is None else {"frame": result.frame}),
        "width": result.width,
        "height": result.height,
        kind.findings: [
            {
                "label": finding.label,
                "score": _score(finding),
                **({"box": _corners(finding)} if kind.has_boxes else {}),
            }
            for finding in result.findings
        ],
    }


def _score(finding: "Finding") -> float:
    return round(finding.score, _SCORE_DECIMALS)


def _corners(finding: "Finding") -> list[float]:
    """Left, top, right, bottom in pixels; nothing where the finding is of the whole picture."""
    return [round(side, _BOX_DECIMALS) for side in finding.box or ()]


@contextmanager
def _open(file: Path) -> Iterator[TextIO]:
    if file == STDOUT:
        try:
            yield sys.stdout
            sys.stdout.flush()
        except BrokenPipeError:  # the reader has closed the pipe; Python must not complain about it when it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    with new_file(file) as partial, partial.open("w", newline="", errors="surrogateescape") as out:
        yield out
