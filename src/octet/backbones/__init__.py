"""Backbones: a network's trunk, where its features are tapped, and its pre-trained weights.

Every file beside this one is a backbone, by its name as recipes have it, with a class `Trunk`.
"""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Literal, Protocol

from octet.common.tensorflow import keras, tf


def make_backbone(name: str, alpha: float) -> "Backbone":
    """Make the backbone `name`; `alpha` is its width, a share of the original's channels."""
    trunk: Backbone = import_module(f"octet.backbones.{name}").Trunk(alpha)
    return trunk


class Backbone(Protocol):
    """A trunk for networks to be built on; its layers lie flat in the network, for TFMOT takes no nested model."""

    def features(self, pictures: tf.Tensor) -> Mapping[int, tf.Tensor]:
        """Build the trunk on pictures [N, S, S, 3]; the features [N, S / stride, S / stride, C] by stride."""

    def last_features(self, pictures: tf.Tensor) -> tf.Tensor:
        """Build the trunk on pictures [N, S, S, 3]; what a classifier takes the mean of, [N, S / 32, S / 32, C]."""

    def load(self, network: keras.Model, weights: Path) -> None:
        """Load a file of pre-trained weights into the trunk of a network."""

    def freeze(self, network: keras.Model, blocks: int | Literal["all"]) -> None:
        """Keep training from changing weights and statistics of the trunk's first `blocks` blocks, or of all of it.

        0 freezes none.
        """

    def split_variables(self, network: keras.Model) -> tuple[list[tf.Variable], list[tf.Variable]]:
        """The trainable variables of a network: those of the trunk, and all others."""
