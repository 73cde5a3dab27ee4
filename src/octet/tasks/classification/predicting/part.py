"""Runs classifiers over the test pictures: Keras models and .tflite files."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from octet.common.tensorflow import keras
from octet.recipe.classification import Recipe
from octet.tasks.classification.metric.answers import rank_classes, to_plain
from octet.tasks.classification.metric.truths import read_truths
from octet.tasks.classification.network.prediction import run_keras
from octet.tflite.running.running import run_tflite


class Predicting:
    """Runs models over the test split, and gives their most likely classes for each picture."""

    def __init__(self, _: Recipe, records: Path) -> None:
        self._truths = read_truths(records, "test")

    def network_outputs(
        self, network: keras.Model, batches: "protocol.PictureBatches"
    ) -> Iterator[NDArray[np.float32]]:
        """The probabilities of a Keras model, batch by batch."""
        return run_keras(network, batches)

    def file_outputs(self, file: Path, batches: "protocol.PictureBatches") -> Iterator[NDArray[np.float32]]:
        """The probabilities of a .tflite file, batch by batch."""
        return self.read_outputs(file, run_tflite(file, batches))

    def read_outputs(
        self, _: Path, outputs: Iterable[tuple[NDArray[np.float32], ...]]
    ) -> Iterator[NDArray[np.float32]]:
        """The probabilities that a file's outputs stand for, batch by batch: they are its only output."""
        return (probabilities for (probabilities,) in outputs)

    def collect(self, outputs: Iterable[NDArray[np.float32]]) -> list[dict[str, Any]]:
        """The answers for all test pictures."""
        return to_plain(rank_classes(outputs), self._truths)


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Predicting] = Predicting
