"""CSV files that `dvc plots show` draws: the trainings, and the confusion of classes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from octet.common.files import write_rows
from octet.common.spreadsheets import csv_text
from octet.reporting.plots import Rows, score_of


def write_training(file: Path, histories: Mapping[str, Rows]) -> None:
    """Write a CSV with a row for each training, epoch and measure."""
    measures = ("loss", score_of(histories), "learning_rate")
    rows = (
        (training, row["epoch"], measure, row[measure])
        for training, history in histories.items()
        for row in history
        for measure in measures
        if row.get(measure)
    )
    write_rows(file, ("training", "epoch", "measure", "value"), rows)


def write_confusion(file: Path, pairs: Sequence[tuple[str, str]]) -> None:
    """Write a CSV with a row for each object: its class, and the class that was predicted."""
    write_rows(file, ("actual", "predicted"), (tuple(map(csv_text, pair)) for pair in pairs))
