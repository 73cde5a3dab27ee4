"""The network that training moves, beside the one that averages it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from octet.common.tensorflow import keras, tf
from octet.recipe.shared.recipe import TrainFloat
from octet.training.precision import computing_in

if TYPE_CHECKING:
    from octet.tasks.protocol import Network


@dataclass(frozen=True)
class Networks:
    """Two of the same, and at which share of the learning rate what of the first moves."""

    trained: keras.Model
    averaged: keras.Model
    rates: Sequence[tuple[float, Sequence[tf.Variable]]]
    teacher: keras.Model | None = None  # whose predictions count beside the labels
    distillation_weight: float = 0.0  # and how much of both


def float_networks(network: "Network", plan: TrainFloat, pretrained: Sequence[Path]) -> Networks:
    """One in the plan's precision, from the pre-trained weights if there are, and its average in 32 bits."""
    with computing_in(plan.precision):
        trained = network.build()
    for weights in pretrained:
        network.backbone.load(trained, weights)
    network.backbone.freeze(trained, plan.frozen_blocks)
    averaged = network.build()
    averaged.set_weights(trained.get_weights())
    backbone, others = network.backbone.split_variables(trained)
    return Networks(trained, averaged, [(1.0, others), (plan.backbone_rate, backbone)])
