"""Backbones: a network's trunk, where its features are tapped, and its pre-trained weights.

Every file beside this one is a backbone, by its name as recipes have it, with a class `Trunk`.
"""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Protocol

from octet.common.tensorflow import keras, tf


def make_backbone(name: str, input_size: int, alpha: float) -> "Backbone":
    """The one of that name, for pictures of one size; `alpha` is its width, as a share of the original's channels."""
    trunk: Backbone = import_module(f"octet.backbones.{name}").Trunk(input_size, alpha)
    return trunk


class Backbone(Protocol):
    """A trunk by its name; its layers lie flat in the network that is built on it, for TFMOT takes no nested one."""

    def features(self, pictures: tf.Tensor) -> Mapping[int, tf.Tensor]:
        """Of pictures [N, S, S, 3] the features [N, S / stride, S / stride, C] of every stride that it offers."""

    def load(self, network: keras.Model, weights: Path) -> None:
        """Start the network's trunk from a file of pre-trained weights."""

    def freeze(self, network: keras.Model, blocks: int) -> None:
        """Keep the first blocks of the network's trunk as they are, weights and statistics alike; 0: train all."""

    def split_variables(self, network: keras.Model) -> tuple[list[tf.Variable], list[tf.Variable]]:
        """What training moves: the trunk's variables, and the others."""
