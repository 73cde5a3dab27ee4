"""What was found, for machines."""

import csv
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from octet.common.files import whole_file

if TYPE_CHECKING:
    from octet.tasks.protocol import Detection

STDOUT = Path("-")

_BOX_DECIMALS, _SCORE_DECIMALS = 2, 5
_COLUMNS = ("source", "frame", "label", "score", "left", "top", "right", "bottom")


@dataclass(frozen=True)
class Seen:
    """A picture, or one of a video's, and what is in it."""

    source: str
    frame: int | None
    width: int
    height: int
    found: Sequence["Detection"]


def write_json(file: Path, seen: Sequence[Seen]) -> None:
    """A list of pictures, each with what is in it."""
    with _open(file) as out:
        json.dump([_facts(of) for of in seen], out, indent=2)
        out.write("\n")


def write_csv(file: Path, seen: Sequence[Seen]) -> None:
    """A row a detection."""
    with _open(file) as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(_COLUMNS)
        for of in seen:
            frame = "" if of.frame is None else of.frame
            table.writerows((of.source, frame, found.label, _score(found), *_corners(found)) for found in of.found)


def _facts(seen: Seen) -> dict[str, Any]:
    return {
        "source": seen.source,
        **({} if seen.frame is None else {"frame": seen.frame}),
        "width": seen.width,
        "height": seen.height,
        "detections": [{"label": of.label, "score": _score(of), "box": _corners(of)} for of in seen.found],
    }


def _score(found: "Detection") -> float:
    return round(found.score, _SCORE_DECIMALS)


def _corners(found: "Detection") -> list[float]:
    """Left, top, right, bottom in pixels."""
    return [round(side, _BOX_DECIMALS) for side in found.box]


@contextmanager
def _open(file: Path) -> Iterator[TextIO]:
    if file == STDOUT:
        try:
            yield sys.stdout
            sys.stdout.flush()
        except BrokenPipeError:  # who reads has seen enough; nor is Python to complain when it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    with whole_file(file) as partial, partial.open("w", newline="", errors="surrogateescape") as out:
        yield out
