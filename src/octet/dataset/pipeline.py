"""From records to batches, of training and of plain pictures."""

from collections.abc import Callable
from pathlib import Path

from octet.dataset.augmentation import augment
from octet.dataset.records import count, read_split
from octet.machine import cores
from octet.recipe import Training
from octet.tensorflow import tf

# (boxes [G, 4], classes [G]) -> what the loss compares with; called inside the graph
Encode = Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, ...]]

_EPOCHS = 1 << 20  # more than any training has, so that no two seeds share the order of an epoch


def training_batches(records: Path, size: int, plan: Training, start: int, encode: Encode) -> tf.data.Dataset:
    """Batches (ids [N], pictures [N, size, size, 3], targets) from step `start` on to the end of the plan.

    An epoch depends on the seed and its number alone.
    """
    examples = read_split(records, "train")
    pictures = count(records, "train")
    first_epoch, first_step = divmod(start, pictures // plan.batch)

    def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        shuffled = examples.shuffle(pictures, seed=plan.seed * _EPOCHS + epoch, reshuffle_each_iteration=False)
        seen = tf.where(epoch == first_epoch, tf.constant(first_step * plan.batch, tf.int64), 0)
        return (
            shuffled.enumerate()
            .skip(seen)
            .map(
                lambda index, example: _prepare(example, tf.stack([plan.seed, epoch * pictures + index])),
                num_parallel_calls=cores(),
            )
            .batch(plan.batch, drop_remainder=True)
        )

    def _prepare(example: dict[str, tf.Tensor], seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tuple[tf.Tensor, ...]]:
        boxes, classes = _objects(example, plan)
        sides = tf.cast(tf.stack([example["height"], example["width"]]), tf.float32)
        picture, boxes, classes = augment(example["jpeg"], sides, boxes, classes, seed, size, plan.augmentation)
        return example["id"], picture, encode(boxes, classes)

    return with_options(tf.data.Dataset.range(first_epoch, plan.epochs).flat_map(one_epoch)).prefetch(4)


def picture_batches(records: Path, split: str, size: int, batch: int) -> tf.data.Dataset:
    """The pictures of a split as uint8 [N, size, size, 3], in the records' order, as every model is shown them."""
    return with_options(
        read_split(records, split)
        .map(lambda example: resize(decode(example["jpeg"]), size), num_parallel_calls=cores())
        .batch(batch)
    ).prefetch(4)


def resize(picture: tf.Tensor, size: int) -> tf.Tensor:
    """A picture [H, W, 3] squeezed to uint8 [size, size, 3]."""
    return tf.cast(tf.round(tf.image.resize(picture, [size, size])), tf.uint8)


def _objects(example: dict[str, tf.Tensor], plan: Training) -> tuple[tf.Tensor, tf.Tensor]:
    """The boxes [G, 4] and classes [G] that training is to see."""
    left_out = tf.zeros_like(example["classes"])
    if not plan.keep_difficult:
        left_out += example["difficult"]
    if not plan.keep_truncated:
        left_out += example["truncated"]
    return tf.boolean_mask(example["boxes"], left_out == 0), tf.boolean_mask(example["classes"], left_out == 0)


def decode(jpeg: tf.Tensor) -> tf.Tensor:
    """The pixels [H, W, 3] of a record's picture, as all that is trained and scored sees them."""
    return tf.io.decode_jpeg(jpeg, channels=3, dct_method="INTEGER_ACCURATE")


def with_options(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """The same elements in the same order every time."""
    options = tf.data.Options()
    options.deterministic = True
    # Autotuning sleeps in ever longer periods and keeps the end of an epoch waiting, up to twice its length.
    options.autotune.enabled = False
    return dataset.with_options(options)
