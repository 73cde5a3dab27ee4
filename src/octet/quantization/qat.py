"""A fake-quantized copy of a float detector, and where its ranges start."""

from collections.abc import Callable, Collection, Iterable
from difflib import get_close_matches

import numpy as np
import tensorflow_model_optimization as tfmot
from tensorflow_model_optimization.python.core.quantization.keras.quantize_layer import QuantizeLayer
from tensorflow_model_optimization.python.core.quantization.keras.quantize_wrapper import QuantizeWrapper
from tensorflow_model_optimization.python.core.quantization.keras.quantizers import Quantizer

from octet.common.errors import UserError
from octet.common.tensorflow import keras, tf
from octet.quantization.fake_quant import use_deterministic_gradients
from octet.quantization.scheme import CUSTOM_OBJECTS, PerChannelScheme, UnroundedOutputConfig

# The input's range is the pixels' own: scale 1/128, zero point 128, and no pixel is rounded.
_INPUT_RANGE = (-1.0, 127 / 128)


def quantize(model: keras.Model, float_layers: Collection[str] = ()) -> keras.Model:
    """The same network with every tensor rounded to 8 bits as the integer file will; weights are carried over.

    Where one of `float_layers` gets its numbers from, the weights are not rounded.
    """
    use_deterministic_gradients()
    spared = {_weighted(model, name) for name in float_layers}
    # In the file all levels of a head have the scale of their concatenation: rounding each on its own would be once
    # more than the file does.
    rounded_later = {_source(layer) for layer in model.layers if isinstance(layer, keras.layers.Reshape)}

    def annotated(layer: keras.layers.Layer) -> keras.layers.Layer:
        is_of_spared = isinstance(layer, keras.layers.BatchNormalization) and _source(layer) in spared
        if layer.name in spared or is_of_spared or isinstance(layer, keras.layers.InputLayer):
            return layer
        config = UnroundedOutputConfig() if layer.name in rounded_later else None
        return tfmot.quantization.keras.quantize_annotate_layer(layer, config)

    with keras.utils.custom_object_scope(CUSTOM_OBJECTS):
        marked = keras.models.clone_model(model, clone_function=annotated)
        return tfmot.quantization.keras.quantize_apply(marked, PerChannelScheme())


def freeze_batch_norm(quantized: keras.Model) -> None:
    """Keep the statistics and scales that the float training ended with."""
    for layer in quantized.layers:
        if isinstance(getattr(layer, "layer", layer), keras.layers.BatchNormalization):
            layer.trainable = False


def freeze_ranges(quantized: keras.Model) -> None:
    """Keep the activations' ranges as calibrated; those of the weights follow the weights all the same."""
    for layer in _wrapped(quantized):
        layer._output_quantizers = [_untrained(quantizer) for quantizer in layer._output_quantizers]
        for activation in layer._quantize_activations:
            activation.quantizer = _untrained(activation.quantizer)


def _untrained(quantizer: Quantizer) -> Callable[..., tf.Tensor]:
    return lambda inputs, _, weights: quantizer(inputs, False, weights=weights)


def trained_variables(quantized: keras.Model) -> list[tf.Variable]:
    """What training moves: not what is frozen, which TFMOT's wrappers count in all the same."""
    frozen = {id(weight) for layer in quantized.layers if not layer.trainable for weight in layer.weights}
    return [variable for variable in quantized.trainable_variables if id(variable) not in frozen]


def calibrate(quantized: keras.Model, model: keras.Model, batches: Iterable[tf.Tensor]) -> None:
    """Start the ranges where the float model's weights and activations lie, the latter by the mean over batches.

    TFMOT's own start, +-6 moved by a thousandth a step, is far from them and stays so for a whole short training.
    """
    for layer in _wrapped(quantized):
        for kernel, quantizer, bounds in layer._weight_vars:
            quantizer(kernel, True, weights=bounds)  # as in training, which sets them
    rounded = ranges(quantized)
    probe = keras.Model(model.input, [model.get_layer(layer.layer.name).output for layer, _, _ in rounded])

    @tf.function
    def extremes(pictures: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        activations = probe(pictures, training=False)
        return tf.stack([tf.reduce_min(a) for a in activations]), tf.stack([tf.reduce_max(a) for a in activations])

    low, high = np.mean([np.stack(extremes(pictures)) for pictures in batches], axis=0)
    for (_, minimum, maximum), lowest, highest in zip(rounded, low, high, strict=True):
        minimum.assign(min(lowest, 0.0))
        maximum.assign(max(highest, 0.0))
    for layer in quantized.layers:
        if isinstance(layer, QuantizeLayer):
            for variable, bound in zip(layer.weights[:2], _INPUT_RANGE, strict=True):
                variable.assign(bound)


def show_ranges(quantized: keras.Model) -> None:
    """Write to TensorBoard how the weights lie, and how far activations reach that are rounded to 8 bits."""
    for kernel in quantized.trainable_weights:
        if "kernel" in kernel.name:
            tf.summary.histogram(f"weights/{kernel.name}", kernel)
    for layer, low, high in ranges(quantized):
        tf.summary.histogram(f"ranges/{layer.name}", tf.stack([low, high]))
    tf.summary.histogram("ranges/how wide", [high - low for _, low, high in ranges(quantized)])


def without_rounding(quantized: keras.Model, model: keras.Model) -> keras.Model:
    """The float `model` with the quantized one's weights: the same network, computed in float."""
    theirs = {weight.name: weight for weight in quantized.weights}
    for weight in model.weights:
        weight.assign(theirs[weight.name])
    return model


def ranges(quantized: keras.Model) -> list[tuple[keras.layers.Layer, tf.Variable, tf.Variable]]:
    """The layers whose output is rounded, with the least and the largest that it is rounded to."""
    found = []
    for layer in _wrapped(quantized):
        named = {variable.name.split(":")[0]: variable for variable in layer.weights}
        low, high = (
            [of for name, of in named.items() if name.endswith(end) and "kernel" not in name]
            for end in ("_min", "_max")
        )
        found += [(layer, *bounds) for bounds in zip(low, high, strict=True)]
    return found


def _wrapped(quantized: keras.Model) -> list[QuantizeWrapper]:
    return [layer for layer in quantized.layers if isinstance(layer, QuantizeWrapper)]


def _weighted(model: keras.Model, name: str) -> str:
    """The layer whose weights decide what the named one gives: itself, or the convolution that it is folded with."""
    try:
        layer = model.get_layer(name)
    except ValueError:
        close = get_close_matches(name, [layer.name for layer in model.layers], n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise UserError(f"train_qat.float_layers: the network has no layer {name!r}{hint}") from None
    while isinstance(layer, keras.layers.BatchNormalization | keras.layers.ReLU):
        layer = model.get_layer(_source(layer))
    return layer.name


def _source(layer: keras.layers.Layer) -> str:
    """The layer whose output it takes."""
    return layer.input._keras_history.layer.name
