"""A fake-quantized copy of a float detector, and where its ranges start."""

from collections.abc import Iterable

import numpy as np
import tensorflow_model_optimization as tfmot
from tensorflow_model_optimization.python.core.quantization.keras.quantize_layer import QuantizeLayer
from tensorflow_model_optimization.python.core.quantization.keras.quantize_wrapper import QuantizeWrapper

from octet.quantization.fake_quant import use_deterministic_gradients
from octet.quantization.scheme import CUSTOM_OBJECTS, PerChannelScheme
from octet.tensorflow import keras, tf

# The input's range is the pixels' own: scale 1/128, zero point 128, and no pixel is rounded.
_INPUT_RANGE = (-1.0, 127 / 128)


def quantize(model: keras.Model) -> keras.Model:
    """The same network with every tensor rounded to 8 bits as the integer file will; weights are carried over."""
    use_deterministic_gradients()
    with keras.utils.custom_object_scope(CUSTOM_OBJECTS):
        annotated = tfmot.quantization.keras.quantize_annotate_model(model)
        return tfmot.quantization.keras.quantize_apply(annotated, PerChannelScheme())


def calibrate(quantized: keras.Model, model: keras.Model, batches: Iterable[tf.Tensor]) -> None:
    """Start the ranges where the float model's activations lie: the mean over batches of their extremes.

    TFMOT's own start, +-6 moved by a thousandth a step, is far from them and stays so for a whole short training.
    """
    wrappers = [layer for layer in quantized.layers if _range(layer)]
    probe = keras.Model(model.input, [model.get_layer(layer.layer.name).output for layer in wrappers])

    @tf.function
    def extremes(pictures: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        activations = probe(pictures, training=False)
        return tf.stack([tf.reduce_min(a) for a in activations]), tf.stack([tf.reduce_max(a) for a in activations])

    low, high = np.mean([np.stack(extremes(pictures)) for pictures in batches], axis=0)
    for layer, lowest, highest in zip(wrappers, low, high, strict=True):
        minimum, maximum = _range(layer)
        minimum.assign(min(lowest, 0.0))
        maximum.assign(max(highest, 0.0))
    for layer in quantized.layers:
        if isinstance(layer, QuantizeLayer):
            for variable, bound in zip(layer.weights[:2], _INPUT_RANGE, strict=True):
                variable.assign(bound)


def without_rounding(quantized: keras.Model, model: keras.Model) -> keras.Model:
    """The float `model` with the quantized one's weights: the same network, computed in float."""
    theirs = {weight.name: weight for weight in quantized.weights}
    for weight in model.weights:
        weight.assign(theirs[weight.name])
    return model


def _range(layer: keras.layers.Layer) -> list[tf.Variable]:
    """The minimum and maximum that an activation is quantized with; none where it is not."""
    if not isinstance(layer, QuantizeWrapper):
        return []
    return [
        variable
        for end in ("_min", "_max")
        for variable in layer.weights
        if variable.name.split(":")[0].endswith(end) and "kernel" not in variable.name
    ]
