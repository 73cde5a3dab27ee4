"""Running a Keras detector, float or fake-quantized, over pictures."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from octet.common.tensorflow import keras, tf
from octet.data.reading.pixels import normalize
from octet.recipe.detection import Suppression
from octet.tasks.detection.metric.detections import Found
from octet.tasks.detection.network.suppression import detect

BATCH = 32  # pictures that are run at once


def run_keras(
    model: keras.Model, pictures: Iterable[NDArray[np.uint8]], anchors: NDArray[np.float32], how: Suppression
) -> Iterator[Found]:
    """What the model finds in each batch of uint8 pictures."""

    @tf.function(reduce_retracing=True)
    def found(batch: tf.Tensor) -> tuple[tf.Tensor, ...]:
        codes, logits = model(normalize(batch), training=False)
        return detect(codes, tf.sigmoid(logits), anchors, how)

    for batch in pictures:
        yield tuple(tensor.numpy() for tensor in found(batch))
