"""What `dvc plots show` draws, as CSV: the ledger, both trainings, and which class is taken for which."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from octet.evaluation.average_precision import Objects
from octet.evaluation.errors import CLASS, RIGHT
from octet.files import whole_file
from octet.reporting.gallery import Judged
from octet.reporting.plots import Rows

_MEASURES = ("loss", "val_map", "learning_rate")
_MISSED = "(missed)"


def write_ledger(file: Path, ledger: Sequence[Mapping[str, Any]]) -> None:
    """A row a step."""
    rows = ((f"{step['from']} → {step['to']}", step["delta"], *step["ci95"]) for step in ledger)
    _write(file, ("step", "delta", "low", "high"), rows)


def write_training(file: Path, histories: Mapping[str, Rows]) -> None:
    """A row a training, epoch and measure."""
    rows = (
        (training, row["epoch"], measure, row[measure])
        for training, history in histories.items()
        for row in history
        for measure in _MEASURES
        if row.get(measure)
    )
    _write(file, ("training", "epoch", "measure", "value"), rows)


def write_confusion(file: Path, found: Judged, objects: Objects, classes: Sequence[str]) -> None:
    """A row an object that counts: its class, and that of the best detection which takes it for anything."""
    about: dict[int, int] = {}
    kinds, things = found.diagnosis.kinds, found.diagnosis.objects
    order = (-found.detections.scores).argsort(kind="stable")
    for wanted in (RIGHT, CLASS):
        for index in order[kinds[order] == wanted]:
            about.setdefault(int(things[index]), int(found.detections.classes[index]))
    rows = (
        (classes[class_], classes[about[thing]] if thing in about else _MISSED)
        for thing, (class_, difficult) in enumerate(zip(objects.classes, objects.difficult, strict=True))
        if not difficult
    )
    _write(file, ("actual", "predicted"), rows)


def _write(file: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with whole_file(file) as partial, partial.open("w", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(columns)
        table.writerows(rows)
