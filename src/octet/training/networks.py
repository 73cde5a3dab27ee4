"""The networks of a training: the one that is trained, the average of its weights, and its teacher."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from octet.common.replicas import local_value
from octet.common.tensorflow import keras, tf
from octet.recipe.shared.recipe import TrainFloat
from octet.training.precision import computing_in

if TYPE_CHECKING:
    from octet.tasks.protocol import Network


@dataclass(frozen=True)
class Networks:
    """A network to train, a second one of the same layers for its averaged weights, and a teacher if it has one.

    The averaged one is made outside of the strategy's scope, in which the others are made.
    """

    trained: keras.Model
    averaged: keras.Model
    variable_groups: Sequence[tuple[float, Sequence[tf.Variable]]]  # the trained variables by share of learning_rate
    teacher: keras.Model | None = None  # its predictions are targets beside the labels
    distillation_weight: float = 0.0  # of the loss against the teacher; the labels have the rest to 1


def float_networks(
    network: "Network", plan: TrainFloat, pretrained: Sequence[Path], strategy: tf.distribute.Strategy
) -> Networks:
    """The networks of a float training, from the pre-trained weights if there are any.

    The trained one computes in the plan's precision, the averaged one in 32 bits.
    """
    with strategy.scope(), computing_in(plan.precision):
        trained = network.build()
    for weights in pretrained:
        network.backbone.load(trained, weights)
    network.backbone.freeze(trained, plan.frozen_blocks)
    averaged = network.build()
    copy_values(trained, averaged)
    backbone, others = network.backbone.split_variables(trained)
    return Networks(trained, averaged, [(1.0, others), (plan.backbone_rate, backbone)])


def copy_values(source: keras.Model, target: keras.Model) -> None:
    """Assign the weights of a network that a strategy may have made to another of the same layers."""
    target.set_weights([local_value(weight).numpy() for weight in source.weights])


def copy_for(strategy: tf.distribute.Strategy, network: keras.Model) -> keras.Model:
    """A network as all replicas of a strategy can run it: the same one where there is only one replica."""
    if strategy.num_replicas_in_sync == 1:
        return network
    with strategy.scope():
        copy = keras.models.clone_model(network)
    copy_values(network, copy)
    return copy
