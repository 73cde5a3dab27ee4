"""The part of the detector that can start from weights from elsewhere, such as those that were trained on ImageNet."""

from pathlib import Path

from octet.errors import UserError, first_line
from octet.recipe import Model
from octet.tensorflow import keras, tf

_STEM = ("Conv1", "bn_Conv1", "Conv1_relu")
_LAST = ("Conv_1", "Conv_1_bn")


def load_backbone(detector: keras.Model, model: Model, weights: Path) -> None:
    """Start the detector's backbone from a file of Keras' MobileNetV2 without its top."""
    backbone = keras.applications.MobileNetV2(
        (model.input_size, model.input_size, 3), model.alpha, include_top=False, weights=None
    )
    try:
        backbone.load_weights(weights)
    except (OSError, ValueError) as error:
        wanted = f"a MobileNetV2 of alpha {model.alpha} without top"
        raise UserError(f"{weights}: not the weights of {wanted}: {first_line(error)}") from None
    ours = {layer.name for layer in detector.layers}
    for layer in backbone.layers:
        if layer.name in ours and layer.weights:
            detector.get_layer(layer.name).set_weights(layer.get_weights())


def freeze(detector: keras.Model, blocks: int) -> None:
    """Keep the first blocks of the backbone as they are, weights and statistics alike; 0: train all."""
    first = tuple(f"block_{number}_" if number else "expanded_conv_" for number in range(blocks))
    for layer in detector.layers:
        if (blocks and layer.name in _STEM) or layer.name.startswith(first):
            layer.trainable = False


def split_variables(detector: keras.Model) -> tuple[list[tf.Variable], list[tf.Variable]]:
    """What training moves: the backbone's variables, and the others."""
    backbone: list[tf.Variable] = []
    others: list[tf.Variable] = []
    for layer in detector.layers:
        (backbone if _is_backbone(layer.name) else others).extend(layer.trainable_variables)
    return backbone, others


def _is_backbone(name: str) -> bool:
    return name in (*_STEM, *_LAST) or name.startswith(("expanded_conv_", "block_"))
