"""What `dvc plots show` draws, as CSV: the ledger, both trainings, and what is taken for what."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from octet.common.files import atomic_write
from octet.measuring.evaluation import Step
from octet.reporting.plots import Rows, score_of


def write_ledger(file: Path, steps: Iterable[Step]) -> None:
    """A row a step."""
    rows = ((f"{step.before} → {step.after}", step.delta, *step.ci95) for step in steps)
    _write(file, ("step", "delta", "low", "high"), rows)


def write_training(file: Path, histories: Mapping[str, Rows]) -> None:
    """A row a training, epoch and measure."""
    measures = ("loss", score_of(histories), "learning_rate")
    rows = (
        (training, row["epoch"], measure, row[measure])
        for training, history in histories.items()
        for row in history
        for measure in measures
        if row.get(measure)
    )
    _write(file, ("training", "epoch", "measure", "value"), rows)


def write_confusion(file: Path, pairs: Sequence[tuple[str, str]]) -> None:
    """A row a thing: what it is, and what it was taken for."""
    _write(file, ("actual", "predicted"), pairs)


def _write(file: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with atomic_write(file) as partial, partial.open("w", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(columns)
        table.writerows(rows)
