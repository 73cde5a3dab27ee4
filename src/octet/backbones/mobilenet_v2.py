"""MobileNetV2, of any width, with the weights that Keras publishes for it."""

from pathlib import Path
from typing import Literal

from octet.backbones._variables import split_variables
from octet.backbones._weights import load_layers
from octet.common.errors import UserError
from octet.common.tensorflow import keras, tf

# The layer that has the features of a stride: the last one of that size, after its block's expansion of channels. At 32
# the last block's output: the 1,280 channels after it are a sixth of the weights and gain a detector 0.005 mAP.
_TAPS = {8: "block_6_expand_relu", 16: "block_13_expand_relu", 32: "block_16_project_BN"}
_BLOCKS = 17
_STEM = ("Conv1", "bn_Conv1", "Conv1_relu")
_LAST = ("Conv_1", "Conv_1_bn", "out_relu")


class Trunk:
    """MobileNetV2 without its classifier; `alpha` is its width, as a share of the original's channels."""

    def __init__(self, alpha: float) -> None:
        self._alpha = alpha

    def features(self, pictures: tf.Tensor) -> dict[int, tf.Tensor]:
        """Build the trunk on pictures [N, S, S, 3]; the features [N, S / stride, S / stride, C] by stride."""
        trunk = self._build(pictures)
        return {stride: trunk.get_layer(name).output for stride, name in _TAPS.items()}

    def last_features(self, pictures: tf.Tensor) -> tf.Tensor:
        """Build the trunk on pictures [N, S, S, 3]; what a classifier takes the mean of, [N, S / 32, S / 32, C]."""
        return self._build(pictures).output

    def load(self, network: keras.Model, weights: Path) -> None:
        """Load a weights file of Keras' MobileNetV2, saved without its classifier, into the trunk of a network."""
        layers = (layer for layer in network.layers if layer.weights and _is_in_trunk(layer.name))
        load_layers(layers, weights, f"the weights of a MobileNetV2 of alpha {self._alpha} without top")

    def freeze(self, network: keras.Model, blocks: int | Literal["all"]) -> None:
        """Keep training from changing weights and statistics of the trunk's first `blocks` blocks, or of all of it.

        0 freezes none.
        """
        if blocks != "all" and blocks > _BLOCKS:
            raise UserError(
                f"train_float.frozen_blocks is {blocks}: MobileNetV2 has {_BLOCKS}; expected 0 to that, or all"
            )
        count = _BLOCKS if blocks == "all" else blocks
        first = tuple(f"block_{number}_" if number else "expanded_conv_" for number in range(count))
        names = (*(_STEM if count else ()), *(_LAST if blocks == "all" else ()))
        for layer in network.layers:
            if layer.name in names or layer.name.startswith(first):
                layer.trainable = False

    def split_variables(self, network: keras.Model) -> tuple[list[tf.Variable], list[tf.Variable]]:
        """The trainable variables of a network: those of the trunk, and all others."""
        return split_variables(network, _is_in_trunk)

    def _build(self, pictures: tf.Tensor) -> keras.Model:
        return keras.applications.MobileNetV2(input_tensor=pictures, alpha=self._alpha, include_top=False, weights=None)


def _is_in_trunk(name: str) -> bool:
    return name in (*_STEM, *_LAST) or name.startswith(("expanded_conv_", "block_"))
