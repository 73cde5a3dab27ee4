"""What `dvc plots show` draws of a report, as CSV: both trainings, and what is taken for what."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from octet.common.files import write_rows
from octet.reporting.plots import Rows, score_of


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
    write_rows(file, ("training", "epoch", "measure", "value"), rows)


def write_confusion(file: Path, pairs: Sequence[tuple[str, str]]) -> None:
    """A row a thing: what it is, and what it was taken for."""
    write_rows(file, ("actual", "predicted"), pairs)
