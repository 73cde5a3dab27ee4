"""The detector as a recipe has it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from octet.common.tensorflow import keras
from octet.recipe.detection import Recipe
from octet.tasks.detection.network.model import backbone_of, build_detector


class Network:
    """Builds the detector of some classes."""

    def __init__(self, recipe: Recipe, classes: Sequence[str]) -> None:
        self.backbone = backbone_of(recipe.model)
        self._model, self._classes = recipe.model, classes

    def build(self) -> keras.Model:
        """From pictures [N, S, S, 3] to box codes [N, A, 4] and class logits [N, A, C]."""
        return build_detector(self._model, len(self._classes))


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Network] = Network
