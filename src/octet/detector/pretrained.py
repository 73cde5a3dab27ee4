"""The backbone's weights from elsewhere, such as those that were trained on ImageNet."""

from pathlib import Path

from octet.errors import UserError
from octet.recipe import Model
from octet.tensorflow import keras


def load_backbone(detector: keras.Model, model: Model, weights: Path) -> None:
    """Start the detector's backbone from a file of Keras' MobileNetV2 without its top."""
    backbone = keras.applications.MobileNetV2(
        (model.input_size, model.input_size, 3), model.alpha, include_top=False, weights=None
    )
    try:
        backbone.load_weights(weights)
    except (OSError, ValueError) as error:
        found = str(error).splitlines()[0]
        raise UserError(
            f"{weights}: not the weights of a MobileNetV2 of alpha {model.alpha} without top: {found}"
        ) from None
    ours = {layer.name for layer in detector.layers}
    for layer in backbone.layers:
        if layer.name in ours and layer.weights:
            detector.get_layer(layer.name).set_weights(layer.get_weights())
