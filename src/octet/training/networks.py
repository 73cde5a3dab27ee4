"""The network that training moves, beside the one that averages it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from octet.detector.backbone import freeze, load_backbone, split_variables
from octet.detector.model import build_detector
from octet.recipe import Model, TrainFloat
from octet.tensorflow import keras, tf
from octet.training.precision import computing_in


@dataclass(frozen=True)
class Networks:
    """Two of the same, and at which share of the learning rate what of the first moves."""

    trained: keras.Model
    averaged: keras.Model
    rates: Sequence[tuple[float, Sequence[tf.Variable]]]
    teacher: keras.Model | None = None  # whose word counts beside the labels'
    taught: float = 0.0  # and how much of both


def float_networks(shape: Model, plan: TrainFloat, classes: int, pretrained: Sequence[Path]) -> Networks:
    """A detector in the plan's precision, from the pre-trained weights if there are, and its average in 32 bits."""
    with computing_in(plan.precision):
        trained = build_detector(shape, classes)
    for weights in pretrained:
        load_backbone(trained, shape, weights)
    freeze(trained, plan.frozen_blocks)
    averaged = build_detector(shape, classes)
    averaged.set_weights(trained.get_weights())
    backbone, others = split_variables(trained)
    return Networks(trained, averaged, [(1.0, others), (plan.backbone_rate, backbone)])
