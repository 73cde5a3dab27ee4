"""A fake-quantized copy of a float network, the ranges that it starts from, and what of it is trained."""

from collections.abc import Callable, Collection, Iterable
from difflib import get_close_matches
from typing import Any

import numpy as np

from octet.common.errors import UserError
from octet.common.replicas import from_all_replicas
from octet.common.tensorflow import keras, tf, traced, without_autograph
from octet.quantization.fake_quant import use_deterministic_gradients
from octet.quantization.scheme import CUSTOM_OBJECTS, PerChannelScheme, UnroundedOutputConfig
from octet.quantization.tfmot import OutputOnlyConfig, QuantizeLayer, QuantizeWrapper, QuantizeWrapperV2, tfmot

# The input's range is the pixels' own: scale 1/128, zero point 128, and no pixel is rounded.
_INPUT_RANGE = (-1.0, 127 / 128)


@without_autograph
def quantize(model: keras.Model, float_layers: Collection[str] = ()) -> keras.Model:
    """A copy of a model, with its weights, that rounds every tensor to 8 bits as the integer file will.

    The weights that decide the output of a layer named in `float_layers` are not rounded.
    """
    use_deterministic_gradients()
    reads = {layer.name: previous_layers(layer) for layer in model.layers}  # of the input: nothing
    unrounded = {layer_with_weights(model, name) for name in float_layers}
    folded = {norm.name for norm in _layers(model, keras.layers.BatchNormalization) if reads[norm.name][0] in unrounded}
    # In the file all levels of a head have the scale of their concatenation: rounding each on its own would be once
    # more than the file does.
    rounded_later = {reads[layer.name][0] for layer in _layers(model, keras.layers.Reshape)}
    configs: dict[str, dict[str, Any]] = {
        name: {"quantize_config": UnroundedOutputConfig() if name in rounded_later else None}  # None: the scheme's own
        for name, before in reads.items()
        if before and name not in unrounded | folded
    }
    # What they read is rounded as well, where it comes from the input or from a layer whose weights are not.
    read = {reads[name][0] for name in configs if len(reads[name]) == 1} - configs.keys()
    configs |= {layer.name: {} for layer in _layers(model, keras.layers.InputLayer) if layer.name in read}

    # As TFMOT's quantize_apply does it, on two copies of the network in the place of five.
    scheme = PerChannelScheme()
    registry = scheme.get_quantize_registry()
    with keras.utils.custom_object_scope(CUSTOM_OBJECTS), tfmot.quantization.keras.quantize_scope():
        rearranged, configs = scheme.get_layout_transformer().apply(model, configs)

        def wrap(layer: keras.layers.Layer) -> keras.layers.Layer:
            if isinstance(layer, QuantizeLayer):
                return QuantizeLayer.from_config(layer.get_config())
            if layer.name in configs:
                config = configs[layer.name]["quantize_config"] or registry.get_quantize_config(layer)
            elif layer.name in read and registry.supports(layer):
                config = OutputOnlyConfig(registry.get_quantize_config(layer))
            else:
                return layer
            return QuantizeWrapperV2(layer, config)

        return keras.models.clone_model(rearranged, clone_function=wrap)


@without_autograph
def clone(quantized: keras.Model) -> keras.Model:
    """Another fake-quantized network with the same weights, in half of the time that `quantize` takes."""
    with keras.utils.custom_object_scope(CUSTOM_OBJECTS), tfmot.quantization.keras.quantize_scope():
        copy = keras.models.clone_model(quantized)
    copy.set_weights(quantized.get_weights())
    return copy


def freeze_batch_norm(network: keras.Model) -> None:
    """Keep training from changing a network's batch norm, statistics and scales alike; it may be fake-quantized."""
    for layer in network.layers:
        norm = getattr(layer, "layer", layer)
        if isinstance(norm, keras.layers.BatchNormalization):
            layer.trainable = False
            norm.fused = False  # the one kernel for it has no gradient on a GPU under op determinism


def freeze_ranges(quantized: keras.Model) -> None:
    """Keep the activations' ranges as calibrated; those of the weights still follow the weights."""
    _replace_quantizers(quantized, _untrained)


def share_ranges(quantized: keras.Model) -> None:
    """Let the activations' ranges follow those of all replicas of a strategy together.

    TFMOT's quantizers look at their own replica's activations: ranges would be means of parts, or differ.
    """
    _replace_quantizers(quantized, _following_all_replicas)


def _replace_quantizers(
    quantized: keras.Model, replace: Callable[[Callable[..., tf.Tensor]], Callable[..., tf.Tensor]]
) -> None:
    """Replace the quantizers of activations, the input's among them."""
    for layer in quantized.layers:
        if isinstance(layer, QuantizeLayer):
            layer.quantizer = replace(layer.quantizer)
    for layer in _layers(quantized, QuantizeWrapper):
        layer._output_quantizers = [replace(quantizer) for quantizer in layer._output_quantizers]
        for activation in layer._quantize_activations:
            activation.quantizer = replace(activation.quantizer)


def _untrained(quantizer: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
    """The quantizer as a function that never changes its range."""
    return lambda inputs, _, weights: quantizer(inputs, False, weights=weights)


def _following_all_replicas(quantizer: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
    """The quantizer as a function whose range follows the least and the greatest value in all replicas."""

    def quantize(inputs: tf.Tensor, training: bool, weights: dict[str, tf.Variable]) -> tf.Tensor:
        if training:
            extremes = tf.stop_gradient(tf.stack([tf.reduce_min(inputs), tf.reduce_max(inputs)]))
            # Of these numbers alone it sees the same extremes, and moves its range by them.
            quantizer(from_all_replicas(extremes), True, weights=weights)
        return quantizer(inputs, False, weights=weights)

    return quantize


def trained_variables(quantized: keras.Model) -> list[tf.Variable]:
    """The trainable variables of all layers that are not frozen; TFMOT's wrappers count those of frozen layers in."""
    frozen = {id(weight) for layer in quantized.layers if not layer.trainable for weight in layer.weights}
    return [variable for variable in quantized.trainable_variables if id(variable) not in frozen]


def calibrate(quantized: keras.Model, model: keras.Model, batches: Iterable[tf.Tensor]) -> None:
    """Set the ranges to those of the float model's weights, and of its activations by the mean over batches.

    A batch is [N, S, S, 3], normalized. TFMOT starts at +-6 and moves by a thousandth a step, which is far from these
    ranges and stays so for a whole short training.
    """
    for layer in _layers(quantized, QuantizeWrapper):
        for kernel, quantizer, bounds in layer._weight_vars:
            quantizer(kernel, True, weights=bounds)  # a call in training mode sets the bounds
    rounded = activation_ranges(quantized)
    probe = keras.Model(model.input, [model.get_layer(layer.layer.name).output for layer, _, _ in rounded])

    @traced
    def extremes(pictures: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        activations = probe(pictures, training=False)
        return tf.stack([tf.reduce_min(a) for a in activations]), tf.stack([tf.reduce_max(a) for a in activations])

    lows, highs = np.mean([np.stack(extremes(pictures)) for pictures in batches], axis=0)  # [L], [L]
    for (_, minimum, maximum), low, high in zip(rounded, lows, highs, strict=True):
        minimum.assign(min(low, 0.0))
        maximum.assign(max(high, 0.0))
    for layer in quantized.layers:
        if isinstance(layer, QuantizeLayer):
            for variable, bound in zip(layer.weights[:2], _INPUT_RANGE, strict=True):
                variable.assign(bound)


def write_range_summaries(quantized: keras.Model) -> None:
    """Write to TensorBoard histograms of the weights and of the activations' ranges."""
    for kernel in quantized.trainable_weights:
        if "kernel" in kernel.name:
            tf.summary.histogram(f"weights/{kernel.name}", kernel)
    for layer, low, high in activation_ranges(quantized):
        tf.summary.histogram(f"ranges/{layer.name}", tf.stack([low, high]))
    tf.summary.histogram("ranges/width", [high - low for _, low, high in activation_ranges(quantized)])


def copy_weights(quantized: keras.Model, model: keras.Model) -> keras.Model:
    """The float `model`, after the weights of its fake-quantized copy are assigned to it."""
    weights = {weight.name: weight for weight in quantized.weights}
    for weight in model.weights:
        weight.assign(weights[weight.name])
    return model


def activation_ranges(quantized: keras.Model) -> list[tuple[keras.layers.Layer, tf.Variable, tf.Variable]]:
    """The layers whose output is rounded, each with the lower and the upper end of the output's range."""
    rounded = []
    for layer in _layers(quantized, QuantizeWrapper):
        variables = {variable.name.split(":")[0]: variable for variable in layer.weights}
        lows, highs = (
            [variable for name, variable in variables.items() if name.endswith(end) and "kernel" not in name]
            for end in ("_min", "_max")
        )
        rounded += [(layer, *bounds) for bounds in zip(lows, highs, strict=True)]
    return rounded


def layer_with_weights(model: keras.Model, name: str) -> str:
    """The name of the layer whose weights decide the output of the layer `name`.

    That is the layer itself or, for batch norm and ReLU, the convolution before it; no other layer has weights.
    """
    try:
        layer = model.get_layer(name)
    except ValueError:
        close = get_close_matches(name, [layer.name for layer in model.layers], n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise UserError(f"train_qat.float_layers: the network has no layer {name!r}{hint}") from None
    while isinstance(layer, keras.layers.BatchNormalization | keras.layers.ReLU):
        layer = model.get_layer(previous_layers(layer)[0])
    if not layer.weights:
        raise UserError(f"train_qat.float_layers: the layer {name!r} has no weights; name a convolution")
    return layer.name


def _layers(model: keras.Model, kind: type[keras.layers.Layer]) -> list[keras.layers.Layer]:
    return [layer for layer in model.layers if isinstance(layer, kind)]


def previous_layers(layer: keras.layers.Layer) -> list[str]:
    """The names of the layers whose outputs are the inputs of `layer`."""
    if isinstance(layer, keras.layers.InputLayer):
        return []
    return [tensor._keras_history.layer.name for tensor in tf.nest.flatten(layer.input)]
