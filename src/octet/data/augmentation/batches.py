"""The batches of a training: shuffled anew each epoch, from any step on."""

from collections.abc import Callable, Mapping

from octet.common.machine import cores
from octet.common.tensorflow import tf
from octet.data.reading.pictures import with_options
from octet.recipe.shared.recipe import Training

Example = Mapping[str, tf.Tensor]
# (example, seed [2]) -> id, picture [S, S, 3] and what the network should say of it; called inside the graph
Prepare = Callable[[Example, tf.Tensor], tuple[tf.Tensor, tf.Tensor, tuple[tf.Tensor, ...]]]

_EPOCHS = 1 << 20  # more than any training has, so that no two seeds share the order of an epoch


def training_batches(
    examples: tf.data.Dataset, pictures: int, plan: Training, start: int, prepare: Prepare
) -> tf.data.Dataset:
    """Batches (ids [N], pictures [N, S, S, 3], targets) from step `start` on to the end of the plan.

    An epoch depends on the seed and its number alone.
    """
    first_epoch, first_step = divmod(start, pictures // plan.batch)

    def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        shuffled = examples.shuffle(pictures, seed=plan.seed * _EPOCHS + epoch, reshuffle_each_iteration=False)
        seen = tf.where(epoch == first_epoch, tf.constant(first_step * plan.batch, tf.int64), 0)
        return (
            shuffled.enumerate()
            .skip(seen)
            .map(
                lambda index, example: prepare(example, tf.stack([plan.seed, epoch * pictures + index])),
                num_parallel_calls=cores(),
            )
            .batch(plan.batch, drop_remainder=True)
        )

    return with_options(tf.data.Dataset.range(first_epoch, plan.epochs).flat_map(one_epoch)).prefetch(4)
