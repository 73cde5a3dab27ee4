"""What a training tells of itself: one row an epoch, as CSV for the pipeline and as TensorBoard's events."""

import csv
import io
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tensorboard.plugins.hparams import api as hparams

from octet.common.tensorflow import keras, tf

Show = Callable[[keras.Model], None]  # writes summaries of a model


class History:
    """Means of the losses of each epoch's steps, with the learning rate and the score that it ended with."""

    def __init__(
        self, events: Path, epochs: int, pictures_per_step: int, metric: str, shows: Sequence[Show] = ()
    ) -> None:
        self._events = tf.summary.create_file_writer(str(events))
        self._epochs, self._pictures_per_step, self._shows = epochs, pictures_per_step, shows
        self._metric = metric
        self._rows: list[dict[str, float]] = []
        self._sums: dict[str, float] = {}
        self._steps = 0
        self._began, self._seen = time.monotonic(), 0

    def add(self, losses: dict[str, float]) -> None:
        """Count a step."""
        self._sums = {name: self._sums.get(name, 0.0) + value for name, value in losses.items()}
        self._steps += 1
        self._seen += self._pictures_per_step

    def begin(self, score: float) -> str:
        """Note what the training starts from, as epoch 0; a line about it."""
        self._rows.append({"epoch": 0, self._metric: score})
        with self._events.as_default(0):
            tf.summary.scalar(self._metric, score)
        return f"before the first step: {self._metric} {score:.4g}"

    def close(self, epoch: int, rate: float, score: float | None) -> str:
        """End an epoch, counted from 1; a line about it."""
        means = {f"{name}_loss": value / self._steps for name, value in self._sums.items()}
        row = {"epoch": epoch, "loss": sum(means.values()), **means, "learning_rate": rate}
        if score is not None:
            row[self._metric] = score
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

    def describe(self, plan: Mapping[str, Any]) -> None:
        """Tell TensorBoard what was asked for."""
        with self._events.as_default(0):
            hparams.hparams(_flat(plan))

    def show(self, epoch: int, model: keras.Model) -> None:
        """Let TensorBoard see the model."""
        with self._events.as_default(epoch):
            for show in self._shows:
                show(model)
        self._events.flush()

    def notes(self) -> dict[str, Any]:
        """All that a checkpoint has to keep."""
        return {"rows": self._rows, "sums": self._sums, "steps": self._steps}

    def restore(self, notes: dict[str, Any]) -> None:
        """Take up what `notes` returned."""
        self._rows, self._sums, self._steps = notes["rows"], notes["sums"], notes["steps"]

    def as_csv(self) -> str:
        """One line an epoch, of which the last has all columns; what was not measured is left empty."""
        text = io.StringIO()
        writer = csv.DictWriter(text, list(self._rows[-1]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: f"{value:.6g}" for name, value in row.items()} for row in self._rows)
        return text.getvalue()


def _flat(plan: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as TensorBoard takes them: one level, numbers and words."""
    flat: dict[str, Any] = {}
    for name, value in plan.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value if isinstance(value, bool | int | float) else str(value)
    return flat
