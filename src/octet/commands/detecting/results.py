"""The detections of all pictures, written as JSON or CSV for other programs."""

import csv
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from octet.commands.detecting.new_file import new_file
from octet.common.printing import printable
from octet.common.spreadsheets import csv_text

if TYPE_CHECKING:
    from octet.tasks.protocol import Detection

STDOUT = Path("-")

_BOX_DECIMALS, _SCORE_DECIMALS = 2, 5
_COLUMNS = ("source", "frame", "label", "score", "left", "top", "right", "bottom")


@dataclass(frozen=True)
class PictureResult:
    """The detections in a picture, or in one frame of a video."""

    source: str
    frame: int | None
    width: int
    height: int
    detections: Sequence["Detection"]


def write_results_json(file: Path, results: Sequence[PictureResult]) -> None:
    """Write a list of pictures, each with its detections."""
    with _open(file) as out:
        json.dump([_as_json(result) for result in results], out, indent=2)
        out.write("\n")


def write_results_csv(file: Path, results: Sequence[PictureResult]) -> None:
    """Write a table with one row for each detection; what cannot be printed in names is escaped."""
    with _open(file) as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(_COLUMNS)
        for result in results:
            frame = "" if result.frame is None else result.frame
            table.writerows(
                (
                    csv_text(printable(result.source)),
                    frame,
                    csv_text(printable(detection.label)),
                    _score(detection),
                    *_corners(detection),
                )
                for detection in result.detections
            )


def _as_json(result: PictureResult) -> dict[str, Any]:
    return {
        "source": result.source,
        **({} if result.frame is None else {"frame": result.frame}),
        "width": result.width,
        "height": result.height,
        "detections": [
            {"label": detection.label, "score": _score(detection), "box": _corners(detection)}
            for detection in result.detections
        ],
    }


def _score(detection: "Detection") -> float:
    return round(detection.score, _SCORE_DECIMALS)


def _corners(detection: "Detection") -> list[float]:
    """Left, top, right, bottom in pixels."""
    return [round(side, _BOX_DECIMALS) for side in detection.box]


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
