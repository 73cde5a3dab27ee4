"""Runs a Keras classifier, float or fake-quantized, over pictures."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from octet.common.tensorflow import keras, tf, traced
from octet.data.reading.pixels import normalize

BATCH = 32  # pictures that are run at once


class TracedNetwork:
    """A Keras classifier that is traced once, which takes seconds, however often it is run; its weights may change."""

    def __init__(self, model: keras.Model) -> None:
        def run(pictures: tf.Tensor) -> tf.Tensor:
            return tf.nn.softmax(model(normalize(pictures), training=False))

        self.model, self._run = model, traced(run, reduce_retracing=True)

    def probabilities(self, batches: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.float32]]:
        """The probabilities [N, C] of each batch of pictures [N, S, S, 3]."""
        for pictures in batches:
            yield self._run(pictures).numpy()


def run_keras(model: keras.Model, batches: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.float32]]:
    """The probabilities [N, C] that a model gives for each batch of pictures [N, S, S, 3]."""
    return TracedNetwork(model).probabilities(batches)
