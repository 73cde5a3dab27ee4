"""What a training tells of itself: one row an epoch, as CSV for the pipeline and as TensorBoard's events."""

import csv
import io
import time
from pathlib import Path
from typing import Any

from octet.tensorflow import tf


class History:
    """Means of the losses of each epoch's steps, with the learning rate and the score that it ended with."""

    def __init__(self, events: Path, epochs: int, pictures_per_step: int) -> None:
        self._events = tf.summary.create_file_writer(str(events))
        self._epochs, self._pictures_per_step = epochs, pictures_per_step
        self._rows: list[dict[str, float]] = []
        self._sums: dict[str, float] = {}
        self._steps = 0
        self._began, self._seen = time.monotonic(), 0

    def add(self, losses: dict[str, float]) -> None:
        """Count a step."""
        self._sums = {name: self._sums.get(name, 0.0) + value for name, value in losses.items()}
        self._steps += 1
        self._seen += self._pictures_per_step

    def close(self, epoch: int, rate: float, score: float | None) -> str:
        """End an epoch, counted from 1; a line about it."""
        means = {f"{name}_loss": value / self._steps for name, value in self._sums.items()}
        row = {"epoch": epoch, "loss": sum(means.values()), **means, "learning_rate": rate}
        if score is not None:
            row["val_map"] = score
        self._rows.append(row)
        self._sums, self._steps = {}, 0
        seconds = time.monotonic() - self._began
        with self._events.as_default(epoch):
            for name, value in row.items():
                tf.summary.scalar(name, value)
            tf.summary.scalar("pictures_per_second", self._seen / seconds)
        self._events.flush()
        said = " ".join(f"{name} {value:.4g}" for name, value in row.items() if name != "epoch")
        return f"epoch {epoch}/{self._epochs}: {said}, {self._seen / seconds:.0f} pictures/s"

    def notes(self) -> dict[str, Any]:
        """All that a checkpoint has to keep."""
        return {"rows": self._rows, "sums": self._sums, "steps": self._steps}

    def restore(self, notes: dict[str, Any]) -> None:
        """Take up what `notes` returned."""
        self._rows, self._sums, self._steps = notes["rows"], notes["sums"], notes["steps"]

    def as_csv(self) -> str:
        """One line an epoch; one that was not scored leaves its score empty."""
        text = io.StringIO()
        writer = csv.DictWriter(
            text, list(dict.fromkeys(name for row in self._rows for name in row)), lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows({name: f"{value:.6g}" for name, value in row.items()} for row in self._rows)
        return text.getvalue()
