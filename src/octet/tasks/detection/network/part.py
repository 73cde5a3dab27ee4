"""The detection network that a recipe describes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from octet.common.tensorflow import keras, without_autograph
from octet.recipe.detection import Recipe
from octet.tasks.detection.network.model import build_detector, detector_backbone


class Network:
    """Builds the detection network for a list of classes."""

    def __init__(self, recipe: Recipe, classes: Sequence[str]) -> None:
        self.backbone = detector_backbone(recipe.model)
        self._model, self._classes = recipe.model, classes

    @without_autograph
    def build(self) -> keras.Model:
        """A new network that turns pictures [N, S, S, 3] into box codes [N, A, 4] and class logits [N, A, C]."""
        return build_detector(self._model, len(self._classes))


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Network] = Network
