"""The networks of a quantization-aware training."""

from collections.abc import Iterable

from octet.common.tensorflow import keras, tf
from octet.quantization.bias_correction import with_corrected_biases
from octet.quantization.qat import (
    calibrate,
    clone,
    freeze_batch_norm,
    freeze_ranges,
    quantize,
    share_ranges,
    trained_variables,
)
from octet.recipe.shared.recipe import TrainQat
from octet.training.networks import Networks, copy_for, copy_values


def quantized_networks(
    network: keras.Model, plan: TrainQat, strategy: tf.distribute.Strategy, pictures: Iterable[tf.Tensor] | None
) -> Networks:
    """The networks that fine-tune a float network for eight bits.

    Their first biases and ranges come from batches of normalized pictures [N, S, S, 3]; without any they have to be
    taken over.
    """
    start = network if pictures is None else with_corrected_biases(network, pictures, plan.float_layers)
    averaged = quantize(start, plan.float_layers)
    with strategy.scope():
        quantized = clone(averaged)
    if plan.freeze_batch_norm:
        freeze_batch_norm(quantized)
    if plan.freeze_ranges:
        freeze_ranges(quantized)
    elif strategy.num_replicas_in_sync > 1:
        share_ranges(quantized)
    if pictures is not None:
        calibrate(quantized, network, pictures)
    copy_values(quantized, averaged)
    return Networks(
        quantized,
        averaged,
        [(1.0, trained_variables(quantized))],
        teacher=copy_for(strategy, network) if plan.distillation_weight else None,
        distillation_weight=plan.distillation_weight,
    )
