"""Takes back by how much rounding the kernels of a network moves the means of its layers.

The errors of a rounded kernel do not cancel where its inputs have a mean, as all do after a ReLU: they move every value
of an output channel the same way, and the bias of that channel can undo it (bias correction; Nagel et al., 2019).
"""

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octet.common.tensorflow import keras, tf, traced
from octet.quantization.qat import layer_with_weights, previous_layers

_CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)
_LARGEST = 127  # of the integers that a kernel's values are rounded to, with one scale for each output channel
_SILENT = 1e-12


def with_corrected_biases(
    network: keras.Model, batches: Iterable[tf.Tensor], float_layers: Collection[str] = ()
) -> keras.Model:
    """A copy of a float network, whose layers have the same means after rounding as the network's have before it.

    A batch is [N, S, S, 3], normalized. Kernels of the layers that decide the output of `float_layers` are not rounded.
    """
    unrounded = {layer_with_weights(network, name) for name in float_layers}
    convolutions = [
        layer for layer in network.layers if isinstance(layer, _CONVOLUTIONS) and layer.name not in unrounded
    ]
    norms = {
        previous_layers(layer)[0]: layer.name
        for layer in network.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    }
    corrected, rounded = _copy(network), _copy(network)
    for layer, inputs in zip(convolutions, _mean_inputs(network, convolutions, batches), strict=True):
        rounded_layer = rounded.get_layer(layer.name)
        kernel = rounded_layer.weights[0]
        kernel.assign(_round(kernel, depthwise=isinstance(layer, keras.layers.DepthwiseConv2D)))
        error = tf.reduce_mean(rounded_layer(inputs) - layer(inputs), axis=[0, 1, 2])  # [O]
        if layer.use_bias:
            corrected.get_layer(layer.name).bias.assign_sub(error)
        else:
            corrected.get_layer(norms[layer.name]).moving_mean.assign_add(error)
    return corrected


def _copy(network: keras.Model) -> keras.Model:
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    return copy


def _mean_inputs(
    network: keras.Model, layers: Collection[keras.layers.Layer], batches: Iterable[tf.Tensor]
) -> list[NDArray[np.float32]]:
    """What each of the layers reads, as a mean over pictures: [1, H, W, C] each.

    A convolution is linear, so that this is all that the mean of its outputs depends on, at the edges as well.
    """
    probe = keras.Model(network.input, [layer.input for layer in layers])

    @traced
    def means(pictures: tf.Tensor) -> list[tf.Tensor]:
        return [tf.reduce_mean(tensor, axis=0, keepdims=True) for tensor in probe(pictures, training=False)]

    sums: list[Any] = [0.0] * len(layers)
    count = 0
    for pictures in batches:  # not kept: of large pictures, the means of one batch take tens of megabytes
        sums = [total + mean.numpy() for total, mean in zip(sums, means(pictures), strict=True)]
        count += 1
    return [total / count for total in sums]


def _round(kernel: tf.Tensor, depthwise: bool) -> tf.Tensor:
    """A kernel [H, W, C, O] as a file holds it, in steps that each output channel has for its own."""
    reach = tf.reduce_max(tf.abs(kernel), axis=(0, 1, 3) if depthwise else (0, 1, 2), keepdims=True)
    step = tf.maximum(reach, _SILENT) / _LARGEST
    return tf.round(kernel / step) * step
