"""Keeps the weights that score best on the validation split."""

from collections.abc import Callable
from pathlib import Path

import h5py
from tf_keras.src.saving.legacy import hdf5_format

from octet.common.files import atomic_write
from octet.common.tensorflow import keras, report_write_errors


class BestWeights:
    """Scores a network now and then, and keeps the best weights in a file."""

    def __init__(self, file: Path, score_of: Callable[[keras.Model], float]) -> None:
        self.file, self._score_of = file, score_of
        self.score = -1.0

    def keep(self, model: keras.Model) -> float:
        """Score the model, save it if nothing was better, and return its score."""
        score = self._score_of(model)
        if score >= self.score:  # the later of two equals has seen more
            self.score = score
            save_weights(model, self.file)
        return score


def save_weights(model: keras.Model, file: Path) -> None:
    """Write weights whole, as .h5: its bytes depend on the weights alone.

    The HDF5 library crashes the process when the disk is full, so it writes to memory and only Python to the disk.
    """
    with h5py.File(file.name, "w", driver="core", backing_store=False) as memory:
        hdf5_format.save_weights_to_hdf5_group(memory, model)
        memory.flush()
        content = memory.id.get_file_image()
    with report_write_errors(str(file)), atomic_write(file) as partial:
        partial.write_bytes(content)
