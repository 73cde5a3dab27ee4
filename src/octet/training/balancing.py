"""Balances the channels of a float network, so that eight bits round them less; what it computes stays the same.

All channels of a tensor share one scale when it is rounded, and a channel whose values are much smaller than another's
is hardly told apart. Where nothing but linear layers lies between, a channel can be made larger, and the weights that
read it smaller by the same factor (cross-layer equalization; Nagel et al., 2019).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from octet.common.tensorflow import keras, tf, traced

_MOST = 64.0  # the largest factor: a channel that was silent in these pictures may speak in others
_SILENT = 1e-6

_ADDING = (keras.layers.Add, keras.layers.UpSampling2D)  # their channels are those of their inputs
_READING = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)


@dataclass(frozen=True)
class _Channels:
    """Channels that keep their place through additions: which layers give them, and which read them."""

    tensors: list[str]  # the layers whose outputs they are
    norms: list[keras.layers.BatchNormalization]  # those that scale them
    readers: list[keras.layers.Layer]


def balance_channels(network: keras.Model, batches: Iterable[tf.Tensor]) -> None:
    """Change a network's weights so that the channels of a tensor reach equally far; its outputs stay what they are.

    A batch is [N, S, S, 3], normalized.
    """
    found = _find_channels(network)
    if not found:
        return
    probe = keras.Model(network.input, [network.get_layer(name).output for each in found for name in each.tensors])

    @traced
    def reach(pictures: tf.Tensor) -> list[tf.Tensor]:
        tensors = tf.nest.flatten(probe(pictures, training=False))
        return [tf.reduce_max(tf.abs(tensor), axis=[0, 1, 2]) for tensor in tensors]

    reaches = [[values.numpy() for values in reach(pictures)] for pictures in batches]
    of_tensor = iter(np.mean(values, axis=0) for values in zip(*reaches, strict=True))  # each [C]
    for channels in found:
        _balance(channels, np.max([next(of_tensor) for _ in channels.tensors], axis=0))


def _balance(channels: _Channels, reach: NDArray[np.float32]) -> None:
    """Divide channels by factors and multiply the weights that read them; `reach` [C] is how far their values go."""
    weight = np.max([_weight_of_channels(reader) for reader in channels.readers], axis=0)  # [C]
    ratio = np.log(np.maximum(reach, _SILENT)) - np.log(np.maximum(weight, _SILENT))
    factor = np.clip(np.exp(ratio - ratio.mean()), 1 / _MOST, _MOST).astype(np.float32)
    for norm in channels.norms:
        norm.gamma.assign(norm.gamma / factor)
        norm.beta.assign(norm.beta / factor)
    for reader in channels.readers:
        kernel = reader.weights[0]  # [H, W, C, O]
        kernel.assign(kernel * factor[:, None])


def _weight_of_channels(reader: keras.layers.Layer) -> NDArray[np.float32]:
    """The largest weight that a layer has for each channel [C], as a share of those of the same output."""
    kernel = np.abs(reader.weights[0].numpy())  # [H, W, C, O]
    if isinstance(reader, keras.layers.DepthwiseConv2D):
        return np.ones(kernel.shape[2], np.float32)  # each channel has a scale of its own
    share: NDArray[np.float32] = (kernel / np.maximum(kernel.max(axis=(0, 1, 2)), _SILENT)).max(axis=(0, 1, 3))
    return share


def _find_channels(network: keras.Model) -> list[_Channels]:
    """All channels of a network that can be scaled: given by batch norm, added at most, and read by convolutions."""
    readers = defaultdict(list)
    together: dict[str, set[str]] = {}  # a layer -> the layers that have the same channels
    for layer in network.layers:
        for source in _sources(layer):
            readers[source].append(layer)
        if isinstance(layer, keras.layers.BatchNormalization):
            together[layer.name] = {layer.name}
        elif isinstance(layer, _ADDING):
            same = {layer.name}.union(*(together.get(source, {source}) for source in _sources(layer)))
            together.update(dict.fromkeys(same, same))
    found = []
    outputs = set(network.output_names)
    for same in {min(same): same for same in together.values()}.values():
        reading = [reader for name in sorted(same) for reader in readers[name] if reader.name not in same]
        layers = [network.get_layer(name) for name in sorted(same)]
        norms = [layer for layer in layers if isinstance(layer, keras.layers.BatchNormalization)]
        is_linear = len(norms) + sum(isinstance(layer, _ADDING) for layer in layers) == len(layers)
        if is_linear and reading and not same & outputs and all(isinstance(reader, _READING) for reader in reading):
            found.append(_Channels([layer.name for layer in layers], norms, list(dict.fromkeys(reading))))
    return found


def _sources(layer: keras.layers.Layer) -> list[str]:
    """The layers whose outputs a layer reads."""
    inputs = layer.input if isinstance(layer.input, list) else [layer.input]
    return [tensor._keras_history.layer.name for tensor in inputs]
