"""The batches of a training: shuffled differently in each epoch, starting at any step."""

import math
from collections.abc import Callable, Mapping

from octet.common.machine import cores
from octet.common.tensorflow import tf
from octet.data.reading.pictures import with_pipeline_options
from octet.recipe.shared.recipe import Training

Example = Mapping[str, tf.Tensor]
# (example, seed [2]) -> id, augmented picture [S, S, 3] and targets; called inside the tf.data graph
Prepare = Callable[[Example, tf.Tensor], tuple[tf.Tensor, tf.Tensor, tuple[tf.Tensor, ...]]]

_EPOCHS = 1 << 20  # more than any training has, so that no two training seeds have the seed of an epoch in common


def training_batches(
    examples: tf.data.Dataset, pictures: int, plan: Training, start: int, prepare: Prepare
) -> tf.data.Dataset:
    """Make the batches (ids [N], pictures [N, S, S, 3], targets) from step `start` to the end of the training.

    `pictures` is the number of examples. The batches of an epoch depend only on the seed and the number of the epoch.
    """
    steps = pictures // plan.batch
    first_epoch, first_step = divmod(start, steps)

    def epoch_batches(epoch: tf.Tensor) -> tf.data.Dataset:
        shuffled = examples.shuffle(pictures, seed=plan.seed * _EPOCHS + epoch, reshuffle_each_iteration=False)
        skipped = tf.where(epoch == first_epoch, tf.constant(first_step * plan.batch, tf.int64), 0)
        return (
            shuffled.enumerate()
            .skip(skipped)
            .map(
                lambda index, example: prepare(example, tf.stack([plan.seed, epoch * pictures + index])),
                num_parallel_calls=cores(),
            )
            .batch(plan.batch, drop_remainder=True)
        )

    epochs = tf.data.Dataset.range(first_epoch, math.ceil(plan.epochs))
    batches = epochs.flat_map(epoch_batches).take(total_steps(plan.epochs, steps) - start)
    return with_pipeline_options(batches).prefetch(4)


def total_steps(epochs: float, steps_per_epoch: int) -> int:
    """The steps of a training of so many epochs, of which the last may be a part."""
    return max(1, round(epochs * steps_per_epoch))
