"""Keeps the weights that score best on the validation split."""

from collections.abc import Callable
from pathlib import Path

import h5py
from tf_keras.src.saving.legacy import hdf5_format

from octet.files import whole_file
from octet.tensorflow import keras, tf, writing


class BestWeights(keras.callbacks.Callback):
    """Scores the model every few epochs and after the last, logs it as `val_map`, and saves the best weights."""

    def __init__(self, file: Path, score: Callable[[keras.Model], float], every: int, epochs: int) -> None:
        super().__init__()
        self.file = file
        self.best = tf.Variable(-1.0, dtype=tf.float64, trainable=False)  # a variable, so that a checkpoint carries it
        self._score, self._every, self._epochs = score, every, epochs

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if (epoch + 1) % self._every and epoch + 1 != self._epochs:
            return
        score = self._score(self.model)
        if logs is not None:
            logs["val_map"] = score
        if score >= float(self.best):  # the later of two equals has seen more
            self.best.assign(score)
            save_weights(self.model, self.file)


def save_weights(model: keras.Model, file: Path) -> None:
    """Write weights whole, as .h5: its bytes depend on the weights alone.

    The HDF5 library crashes the process when the disk is full, so it writes to memory and only Python to the disk.
    """
    with h5py.File(file.name, "w", driver="core", backing_store=False) as memory:
        hdf5_format.save_weights_to_hdf5_group(memory, model)
        memory.flush()
        content = memory.id.get_file_image()
    with writing(str(file)), whole_file(file) as partial:
        partial.write_bytes(content)
