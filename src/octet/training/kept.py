"""Keeps the weights that a training ends with: those that score best on the validation split, or the last."""

from collections.abc import Callable
from typing import Literal

import h5py
from tf_keras.src.saving.legacy import hdf5_format

from octet.common.errors import UserError
from octet.common.tensorflow import keras
from octet.common.weights import find_not_finite

Keep = Literal["best", "last"]


class KeptWeights:
    """Keeps, as an .h5 file's content, the weights of the model with the highest score so far, or of the last one."""

    def __init__(self, compute_score: Callable[[keras.Model], float], keep: Keep) -> None:
        self._compute_score, self._keep = compute_score, keep
        self.content = b""
        self.score = -1.0  # the highest so far

    def score_and_keep(self, model: keras.Model) -> float:
        """Score the model, keep its weights unless an earlier score was higher and the best are asked for."""
        if name := find_not_finite(model):  # the last update, after which no loss is computed, can make it so
            raise UserError(f"the training diverged ({name} is not finite): lower learning_rate")
        score = self._compute_score(model)
        if score >= self.score or self._keep == "last":  # of equal scores, too: it was trained on more pictures
            self.content = serialize_weights(model)
        self.score = max(self.score, score)
        return score


def serialize_weights(model: keras.Model) -> bytes:
    """The content of an .h5 file with a model's weights, whose bytes depend on the weights alone.

    It is made in memory, for the HDF5 library crashes the process when the disk is full.
    """
    with h5py.File("weights.h5", "w", driver="core", backing_store=False) as memory:
        hdf5_format.save_weights_to_hdf5_group(memory, model)
        memory.flush()
        content: bytes = memory.id.get_file_image()
    return content
