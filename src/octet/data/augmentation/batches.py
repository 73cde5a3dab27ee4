"""The batches of a training: shuffled differently in each epoch, starting at any step."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from octet.common.machine import cores
from octet.common.tensorflow import tf, without_autograph
from octet.data.reading.examples import NumberedExamples
from octet.data.reading.pictures import with_pipeline_options
from octet.recipe.shared.recipe import Training

Example = Mapping[str, tf.Tensor]
# (example, seed [2]) -> id, augmented picture [S, S, 3] and targets; called inside the tf.data graph
Prepare = Callable[[Example, tf.Tensor], tuple[tf.Tensor, tf.Tensor, tuple[tf.Tensor, ...]]]

_EPOCHS = 1 << 20  # more than any training has, so that no two training seeds have the seed of an epoch in common


@dataclass(frozen=True)
class Part:
    """The replicas whose pictures are wanted, of all that share a batch; the whole batch where there is one."""

    replicas: int = 1
    first: int = 0
    count: int = 1

    @property
    def is_all(self) -> bool:
        """Whether no other process has a part."""
        return self.count == self.replicas


WHOLE = Part()


def open_examples(
    read_all: Callable[[], tf.data.Dataset], number: Callable[[], NumberedExamples], part: Part
) -> tuple[tf.data.Dataset | NumberedExamples, tf.data.Dataset]:
    """The examples that a part's batches are made of, and those of them that this process has verified.

    A process that computes a part of each batch reads no more than its share, and verifies as much.
    """
    if part.is_all:
        examples = read_all()
        return examples, examples
    numbered = number()
    return numbered, numbered.verified_share(part.first // part.count, part.replicas // part.count)


@without_autograph
def training_batches(
    examples: tf.data.Dataset | NumberedExamples,
    pictures: int,
    plan: Training,
    start: int,
    part: Part,
    prepare: Prepare,
) -> tf.data.Dataset:
    """Make the batches (ids [N], pictures [N, S, S, 3], targets) from step `start` to the end of the training.

    `pictures` is the number of examples. The batches of an epoch depend only on the seed and the number of the epoch.
    Where replicas share them, N is what one of them has, and those of `part` follow one another in every step.
    """
    steps = pictures // plan.batch
    first_epoch, first_step = divmod(start, steps)
    size = plan.batch // plan.micro_batches // part.replicas  # what a replica has of a micro-batch

    def is_wanted(index: tf.Tensor) -> tf.Tensor:
        """Micro-batches are those of one device; each is cut into equal parts, one for each replica."""
        replica = index % (size * part.replicas) // size
        return (replica >= part.first) & (replica < part.first + part.count)

    def by_replica(batch: tf.Tensor) -> tf.Tensor:
        """From a batch in the order of its micro-batches to a row for each replica."""
        parts = tf.reshape(batch, [plan.micro_batches, part.count, size, *batch.shape[1:]])
        rows = tf.experimental.numpy.swapaxes(parts, 0, 1)
        return tf.reshape(rows, [part.count, plan.micro_batches * size, *batch.shape[1:]])

    def shuffle(dataset: tf.data.Dataset, epoch: tf.Tensor) -> tf.data.Dataset:
        """What the epoch uses of a dataset of as many elements as there are examples, each with its place in it."""
        shuffled = dataset.shuffle(pictures, seed=plan.seed * _EPOCHS + epoch, reshuffle_each_iteration=False)
        skipped = tf.where(epoch == first_epoch, tf.constant(first_step * plan.batch, tf.int64), 0)
        return shuffled.enumerate().take(steps * plan.batch).skip(skipped)

    def epoch_batches(epoch: tf.Tensor) -> tf.data.Dataset:
        if isinstance(examples, NumberedExamples):  # their numbers take the places that the examples would
            wanted = shuffle(tf.data.Dataset.range(pictures), epoch).filter(lambda index, _: is_wanted(index))
            chosen = wanted.flat_map(lambda index, number: examples.read(number).map(lambda example: (index, example)))
        else:
            chosen = shuffle(examples, epoch)
        return chosen.map(
            lambda index, example: prepare(example, tf.stack([plan.seed, epoch * pictures + index])),
            num_parallel_calls=cores(),
        ).batch(plan.batch // part.replicas * part.count, drop_remainder=True)

    epochs = tf.data.Dataset.range(first_epoch, math.ceil(plan.epochs))
    batches = epochs.flat_map(epoch_batches).take(total_steps(plan.epochs, steps) - start)
    if part.count > 1:
        batches = batches.map(lambda *batch: tf.nest.map_structure(by_replica, batch)).unbatch()
    return with_pipeline_options(batches).prefetch(4)


def total_steps(epochs: float, steps_per_epoch: int) -> int:
    """The steps of a training of so many epochs, of which the last may be a part."""
    return max(1, round(epochs * steps_per_epoch))
