"""The history of a training: one row an epoch, as CSV for the pipeline and as events for TensorBoard."""

import csv
import io
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tensorboard.plugins.hparams import api as hparams

from octet.common.tensorflow import keras, report_write_errors, tf

_ABOUT = """**Epoch 0** is the network before its first step; every other one is the end of an epoch.

`train_control` and `train_qat` both go on from the float network, so their epochs follow on those of `train_float`:
where they begin, control has the float network's score, and qat that of the same network after rounding."""

WriteSummaries = Callable[[keras.Model], None]  # writes TensorBoard summaries of a model


class History:
    """Collects, for each epoch, the mean losses of its steps, and the learning rate and score at its end."""

    def __init__(
        self,
        events: Path,
        epochs: int,
        pictures_per_step: int,
        metric: str,
        summaries: Sequence[WriteSummaries] = (),
        epochs_before: int = 0,
    ) -> None:
        """`metric` names the validation score; TensorBoard's events go to the folder `events`.

        There, a training goes on from the epochs of the one before it.
        """
        self._output = f"TensorBoard's events to {events}"
        with report_write_errors(self._output):
            self._events = tf.summary.create_file_writer(str(events))
        self._epochs, self._pictures_per_step, self._summaries = epochs, pictures_per_step, summaries
        self._metric, self._epochs_before = metric, epochs_before
        self._rows: list[dict[str, float]] = []
        self._sums: dict[str, float] = {}  # of the losses, over the steps of the current epoch
        self._steps = 0
        self._began, self._pictures = time.monotonic(), 0

    @contextmanager
    def _writing(self, epoch: int) -> Iterator[None]:
        """Let TensorFlow's summaries go to the events, as those of an epoch."""
        with report_write_errors(self._output), self._events.as_default(self._epochs_before + epoch):
            yield
            self._events.flush()

    def add_step(self, losses: dict[str, float]) -> None:
        """Add the losses of a step to the current epoch."""
        self._sums = {name: self._sums.get(name, 0.0) + value for name, value in losses.items()}
        self._steps += 1
        self._pictures += self._pictures_per_step

    def start(self, score: float) -> str:
        """Record the score before the first step as epoch 0, and return a line about it."""
        self._rows.append({"epoch": 0, self._metric: score})
        with self._writing(0):
            tf.summary.text("about", _ABOUT)
            tf.summary.scalar(self._metric, score)
        return f"before the first step: {self._metric} {score:.4g}"

    def end_epoch(self, epoch: int, learning_rate: float, score: float | None) -> str:
        """Record the end of an epoch, counted from 1, and return a line about it; `score` is None if not validated."""
        means = {f"{name}_loss": value / self._steps for name, value in self._sums.items()}
        row = {"epoch": epoch, "loss": sum(means.values()), **means, "learning_rate": learning_rate}
        if score is not None:
            row[self._metric] = score
        self._rows.append(row)
        self._sums, self._steps = {}, 0
        rate = self._pictures / (time.monotonic() - self._began)
        with self._writing(epoch):
            for name, value in row.items():
                tf.summary.scalar(name, value)
            tf.summary.scalar("pictures_per_second", rate)
        values = " ".join(f"{name} {value:.4g}" for name, value in row.items() if name != "epoch")
        return f"epoch {epoch}/{self._epochs}: {values}, {rate:.0f} pictures/s"

    def write_hparams(self, settings: Mapping[str, Any]) -> None:
        """Write the training's settings, which may be nested, as TensorBoard's hyperparameters."""
        with self._writing(0):
            hparams.hparams(_flatten(settings))

    def write_summaries(self, epoch: int, model: keras.Model) -> None:
        """Write all TensorBoard summaries of the model as it is after an epoch."""
        with self._writing(epoch):
            for write in self._summaries:
                write(model)

    def state(self) -> dict[str, Any]:
        """What a checkpoint has to keep of this history, as plain values."""
        return {"rows": self._rows, "sums": self._sums, "steps": self._steps}

    def load_state(self, state: dict[str, Any]) -> None:
        """Continue a history from what its `state` returned."""
        self._rows, self._sums, self._steps = state["rows"], state["sums"], state["steps"]

    def as_csv(self) -> str:
        """The history as CSV, a line an epoch; the last epoch has all columns, and what was not measured is empty."""
        text = io.StringIO()
        writer = csv.DictWriter(text, list(self._rows[-1]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: f"{value:.6g}" for name, value in row.items()} for row in self._rows)
        return text.getvalue()


def last_epoch(file: Path) -> int:
    """The last epoch of a history.csv."""
    *_, last = csv.DictReader(file.read_text().splitlines())
    return int(last["epoch"])


def _flatten(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as TensorBoard takes them: one level, with dotted names, of numbers and strings."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value if isinstance(value, bool | int | float) else str(value)
    return flat
