"""ResNet50V2 with the weights that Keras publishes for it, built so that an integer file can hold all of it.

Its blocks begin with batch norm, before any convolution that the norm could become a part of. Here a depthwise
convolution with the constant 1 stands before each: the two become one operator, in integers, where a lone batch norm
would be computed in floats.
"""

from pathlib import Path
from typing import Literal

from octet.backbones._variables import split_variables
from octet.backbones._weights import load_layers
from octet.common.errors import UserError
from octet.common.tensorflow import keras, tf

_STACKS = ((64, 3), (128, 4), (256, 6), (512, 3))  # channels inside a block, and blocks; the last of each halves sides
_WIDER = 4  # times the channels inside a block, that it gives
_EPSILON = 1.001e-5  # as the published weights were trained
_STEM, _LAST, _ONES = "conv1_conv", "post", "_ones"
_BLOCKS = [f"conv{stack}_block{block + 1}" for stack, (_, count) in enumerate(_STACKS, 2) for block in range(count)]
_NAMES = [*(f"{block}_preact" for block in _BLOCKS), _LAST]  # of what is normalized without a convolution before
_LEAST = 2.0**-20  # by which the constants that stand for 1 differ


class Trunk:
    """ResNet50V2 without its classifier."""

    def __init__(self, alpha: float) -> None:
        if alpha != 1:
            raise UserError(f"model.alpha is {alpha}: ResNet50V2 has one width, 1.0")

    def features(self, pictures: tf.Tensor) -> dict[int, tf.Tensor]:
        """Build the trunk on pictures [N, S, S, 3]; the features [N, S / stride, S / stride, C] by stride."""
        return _build(pictures)

    def last_features(self, pictures: tf.Tensor) -> tf.Tensor:
        """Build the trunk on pictures [N, S, S, 3]; what a classifier takes the mean of, [N, S / 32, S / 32, C]."""
        return _build(pictures)[32]

    def load(self, network: keras.Model, weights: Path) -> None:
        """Load a weights file of Keras' ResNet50V2, saved without its classifier, into the trunk of a network."""
        layers = (
            layer
            for layer in network.layers
            if layer.weights and _is_in_trunk(layer.name) and not layer.name.endswith(_ONES)
        )
        load_layers(layers, weights, "the weights of a ResNet50V2 without top")

    def freeze(self, network: keras.Model, blocks: int | Literal["all"]) -> None:
        """Keep training from changing weights and statistics of the trunk's first `blocks` blocks, or of all of it.

        0 freezes none.
        """
        if blocks != "all" and blocks > len(_BLOCKS):
            raise UserError(
                f"train_float.frozen_blocks is {blocks}: ResNet50V2 has {len(_BLOCKS)}; expected 0 to that, or all"
            )
        count = len(_BLOCKS) if blocks == "all" else blocks
        first = tuple(f"{name}_" for name in _BLOCKS[:count])
        for layer in network.layers:
            if (
                (count and layer.name == _STEM)
                or layer.name.startswith(first)
                or (blocks == "all" and layer.name.startswith(f"{_LAST}_"))
            ):
                layer.trainable = False

    def split_variables(self, network: keras.Model) -> tuple[list[tf.Variable], list[tf.Variable]]:
        """The trainable variables of a network: those of the trunk, and all others."""
        return split_variables(network, _is_in_trunk)


def _is_in_trunk(name: str) -> bool:
    return name == _STEM or name.startswith((*(f"{block}_" for block in _BLOCKS), f"{_LAST}_"))


def _build(pictures: tf.Tensor) -> dict[int, tf.Tensor]:
    """The features by stride: those of a size that the last block computes before it halves them, and the last."""
    x = keras.layers.ZeroPadding2D(3, name="conv1_pad")(pictures)
    x = keras.layers.Conv2D(64, 7, 2, name=_STEM)(x)
    x = keras.layers.ZeroPadding2D(1, name="pool1_pad")(x)
    x = keras.layers.MaxPooling2D(3, 2, name="pool1_pool")(x)
    features, stride = {}, 4
    for stack, (channels, blocks) in enumerate(_STACKS, start=2):
        is_last = stack == len(_STACKS) + 1
        for block in range(1, blocks + 1):
            halves = block == blocks and not is_last
            name = f"conv{stack}_block{block}"
            x, inner = _block(x, name, channels, strides=2 if halves else 1, widens=block == 1)
            if halves:
                features[stride] = inner
                stride *= 2
    features[stride] = _normalized_each(x, _LAST, f"{_LAST}_relu")
    return features


def _block(x: tf.Tensor, name: str, channels: int, strides: int, widens: bool) -> tuple[tf.Tensor, tf.Tensor]:
    """A block, and its features before it reduces their size."""
    before = _normalized_each(x, f"{name}_preact", f"{name}_preact_relu")
    if widens:
        shortcut = keras.layers.Conv2D(_WIDER * channels, 1, strides, name=f"{name}_0_conv")(before)
    else:
        shortcut = keras.layers.MaxPooling2D(1, strides, name=f"{name}_0_pool")(x) if strides > 1 else x
    inner = _normalized(keras.layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_1_conv")(before), f"{name}_1")
    y = keras.layers.ZeroPadding2D(1, name=f"{name}_2_pad")(inner)
    y = _normalized(keras.layers.Conv2D(channels, 3, strides, use_bias=False, name=f"{name}_2_conv")(y), f"{name}_2")
    y = keras.layers.Conv2D(_WIDER * channels, 1, name=f"{name}_3_conv")(y)
    return keras.layers.Add(name=f"{name}_out")([shortcut, y]), inner


def _normalized_each(x: tf.Tensor, name: str, relu: str) -> tf.Tensor:
    """Batch norm and ReLU of what no convolution gives, with the convolution by 1 that the norm becomes a part of."""
    # No two are equal: the converter would take them for one, and multiply that by the norms of all.
    one = keras.initializers.Constant(1 + _NAMES.index(name) * _LEAST)
    ones = keras.layers.DepthwiseConv2D(
        1, use_bias=False, depthwise_initializer=one, trainable=False, name=f"{name}{_ONES}"
    )
    x = keras.layers.BatchNormalization(epsilon=_EPSILON, name=f"{name}_bn")(ones(x))
    return keras.layers.ReLU(name=relu)(x)


def _normalized(x: tf.Tensor, name: str) -> tf.Tensor:
    x = keras.layers.BatchNormalization(epsilon=_EPSILON, name=f"{name}_bn")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x)
