"""Keeps the weights that score best on the validation split."""

from collections.abc import Callable
from pathlib import Path

import h5py
from tf_keras.src.saving.legacy import hdf5_format

from octet.common.files import atomic_write
from octet.common.tensorflow import keras, report_write_errors


class BestWeights:
    """Keeps in a file the weights of the model with the highest score so far."""

    def __init__(self, file: Path, compute_score: Callable[[keras.Model], float]) -> None:
        self.file, self._compute_score = file, compute_score
        self.score = -1.0  # the highest so far

    def keep_if_best(self, model: keras.Model) -> float:
        """Score the model, save its weights unless an earlier score was higher, and return the score."""
        score = self._compute_score(model)
        if score >= self.score:  # of two equal scores the later model was trained on more pictures
            self.score = score
            save_weights(model, self.file)
        return score


def save_weights(model: keras.Model, file: Path) -> None:
    """Write a model's weights to an .h5 file whose bytes depend on the weights alone, whole or not at all.

    The HDF5 library crashes the process when the disk is full, so it writes to memory and only Python to the disk.
    """
    with h5py.File(file.name, "w", driver="core", backing_store=False) as memory:
        hdf5_format.save_weights_to_hdf5_group(memory, model)
        memory.flush()
        content = memory.id.get_file_image()
    with report_write_errors(str(file)), atomic_write(file) as partial:
        partial.write_bytes(content)
