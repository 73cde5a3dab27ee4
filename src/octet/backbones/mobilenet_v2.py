"""MobileNetV2, of any width, with the weights that Keras publishes for it."""

from pathlib import Path

import h5py

from octet.backbones._weights import read_weights
from octet.common.errors import UserError, first_line
from octet.common.tensorflow import keras, tf

# The layer that has the features of a stride: the last one of that size, after its block's expansion of channels. At 32
# the last block's output: the 1,280 channels after it are a sixth of the weights and gain a detector 0.006 mAP.
_TAPS = {8: "block_6_expand_relu", 16: "block_13_expand_relu", 32: "block_16_project_BN"}
_STEM = ("Conv1", "bn_Conv1", "Conv1_relu")
_LAST = ("Conv_1", "Conv_1_bn")


class Trunk:
    """MobileNetV2 without its classifier; `alpha` is its width, as a share of the original's channels."""

    def __init__(self, input_size: int, alpha: float) -> None:
        self._input_size, self._alpha = input_size, alpha

    def features(self, pictures: tf.Tensor) -> dict[int, tf.Tensor]:
        """Build the trunk on pictures [N, S, S, 3]; the features [N, S / stride, S / stride, C] by stride."""
        trunk = keras.applications.MobileNetV2(
            input_tensor=pictures, alpha=self._alpha, include_top=False, weights=None
        )
        return {stride: trunk.get_layer(name).output for stride, name in _TAPS.items()}

    def load(self, network: keras.Model, weights: Path) -> None:
        """Load a weights file of Keras' MobileNetV2, saved without its classifier, into the trunk of a network."""
        expected = f"the weights of a MobileNetV2 of alpha {self._alpha} without top"
        layers = [layer for layer in network.layers if layer.weights and _is_in_trunk(layer.name)]
        try:
            with h5py.File(weights) as file:
                values = [read_weights(file, layer.name, _shapes(layer)) for layer in layers]
        except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:  # all of which h5py raises
            raise UserError(f"{weights}: not {expected}: {first_line(error)}") from None
        for layer, value in zip(layers, values, strict=True):
            layer.set_weights(value)

    def freeze(self, network: keras.Model, blocks: int) -> None:
        """Keep training from changing weights and statistics of the trunk's first `blocks` blocks; 0 freezes none."""
        first = tuple(f"block_{number}_" if number else "expanded_conv_" for number in range(blocks))
        for layer in network.layers:
            if (blocks and layer.name in _STEM) or layer.name.startswith(first):
                layer.trainable = False

    def split_variables(self, network: keras.Model) -> tuple[list[tf.Variable], list[tf.Variable]]:
        """The trainable variables of a network: those of the trunk, and all others."""
        trunk: list[tf.Variable] = []
        others: list[tf.Variable] = []
        for layer in network.layers:
            (trunk if _is_in_trunk(layer.name) else others).extend(layer.trainable_variables)
        return trunk, others


def _shapes(layer: keras.layers.Layer) -> dict[str, tuple[int, ...]]:
    """The shapes of a layer's weights by their names in a file, such as `kernel:0`."""
    return {weight.name.rpartition("/")[2]: tuple(weight.shape) for weight in layer.weights}


def _is_in_trunk(name: str) -> bool:
    return name in (*_STEM, *_LAST) or name.startswith(("expanded_conv_", "block_"))
