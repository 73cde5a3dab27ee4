"""Runs a Keras detector, float or fake-quantized, over pictures."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from octet.common.tensorflow import keras, tf, traced
from octet.data.reading.pixels import normalize
from octet.recipe.detection import Suppression
from octet.tasks.detection.metric.detections import DetectionBatch
from octet.tasks.detection.network.suppression import suppress

BATCH = 32  # pictures that are run at once


class TracedNetwork:
    """A Keras detector that is traced once, which takes seconds, however often it is run; its weights may change."""

    def __init__(self, model: keras.Model, cells: NDArray[np.float32], suppression: Suppression) -> None:
        """Take a model and its cells [A, 4], which are given as centre and size."""

        def run(pictures: tf.Tensor) -> tuple[tf.Tensor, ...]:
            codes, logits = model(normalize(pictures), training=False)
            return suppress(codes, tf.sigmoid(logits), cells, suppression)

        self.model, self._run = model, traced(run, reduce_retracing=True)

    def detections(self, batches: Iterable[NDArray[np.uint8]]) -> Iterator[DetectionBatch]:
        """The detections in each batch of pictures [N, S, S, 3]."""
        for pictures in batches:
            yield tuple(tensor.numpy() for tensor in self._run(pictures))
