"""A training that was killed goes on after its last whole epoch and ends in the same bytes."""

import csv
import io
import json
from pathlib import Path

from octet.files import whole_file
from octet.tensorflow import keras, tf, writing


class Resume(keras.callbacks.Callback):
    """Checkpoints model, optimizer, `state` and the history after every epoch, and takes them up again at the start."""

    def __init__(self, folder: Path, model: keras.Model, state: dict[str, tf.Variable]) -> None:
        super().__init__()
        self._rows_file = folder / "history.json"
        self._epoch = tf.Variable(0, dtype=tf.int64, trainable=False)  # how many are done
        checkpoint = tf.train.Checkpoint(model=model, optimizer=model.optimizer, epoch=self._epoch, **state)
        self._manager = tf.train.CheckpointManager(checkpoint, str(folder / "checkpoints"), max_to_keep=2)
        self.rows: list[dict[str, float]] = []
        if self._manager.restore_or_initialize():
            self.rows = json.loads(self._rows_file.read_text())[: self.epochs_done]
            print(f"going on after epoch {self.epochs_done}, from {folder}", flush=True)

    @property
    def epochs_done(self) -> int:
        """How many epochs of the training are behind."""
        return int(self._epoch.numpy())

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.rows.append({"epoch": epoch + 1, **{name: float(value) for name, value in sorted((logs or {}).items())}})
        with writing("a checkpoint"):
            with whole_file(self._rows_file) as partial:
                partial.write_text(json.dumps(self.rows))
            self._epoch.assign(epoch + 1)
            self._manager.save()  # last: what it holds is behind everything above

    def history_csv(self) -> str:
        """The history as CSV; an epoch that was not validated leaves its score empty."""
        text = io.StringIO()
        columns = list(dict.fromkeys(name for row in self.rows for name in row))
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        for row in self.rows:
            writer.writerow({name: f"{value:.6g}" for name, value in row.items()})
        return text.getvalue()
