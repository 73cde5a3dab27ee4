"""The classification network that a recipe describes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from octet.common.tensorflow import keras, without_autograph
from octet.recipe.classification import Recipe
from octet.tasks.classification.network.model import build_classifier, classifier_backbone


class Network:
    """Builds the classification network for a list of classes."""

    def __init__(self, recipe: Recipe, classes: Sequence[str]) -> None:
        self.backbone = classifier_backbone(recipe.model)
        self._model, self._classes = recipe.model, classes

    @without_autograph
    def build(self) -> keras.Model:
        """A new network that turns pictures [N, S, S, 3] into class logits [N, C]."""
        return build_classifier(self._model, len(self._classes))


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Network] = Network
