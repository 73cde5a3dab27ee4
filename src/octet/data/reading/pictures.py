"""The pictures of records as every model is shown them."""

from pathlib import Path

from octet.common.machine import cores
from octet.common.tensorflow import tf
from octet.data.reading.records import read_split


def picture_batches(records: Path, split: str, size: int, batch: int) -> tf.data.Dataset:
    """The pictures of a split as uint8 [N, size, size, 3], in the records' order."""
    return with_options(
        read_split(records, split)
        .map(lambda example: resize(decode(example["jpeg"]), size), num_parallel_calls=cores())
        .batch(batch)
    ).prefetch(4)


def resize(picture: tf.Tensor, size: int) -> tf.Tensor:
    """A picture [H, W, 3] squeezed to uint8 [size, size, 3]."""
    return tf.cast(tf.round(tf.image.resize(picture, [size, size])), tf.uint8)


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
