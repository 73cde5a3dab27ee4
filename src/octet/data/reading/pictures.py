"""The pictures of records, decoded and resized to the input of the networks."""

from pathlib import Path

from octet.common.machine import cores
from octet.common.tensorflow import tf, without_autograph
from octet.data.reading.examples import read_split


@without_autograph
def picture_batches(records: Path, split: str, size: int, batch: int) -> tf.data.Dataset:
    """Batch the pictures of a split, in the order of the records, as uint8 [N, size, size, 3]."""
    return with_pipeline_options(
        read_split(records, split)
        .map(lambda example: resize(decode_jpeg(example["jpeg"]), size), num_parallel_calls=cores())
        .batch(batch)
    ).prefetch(4)


def resize(picture: tf.Tensor, size: int) -> tf.Tensor:
    """Resize a picture [H, W, 3] to uint8 [size, size, 3], without keeping its aspect ratio."""
    return tf.cast(tf.round(tf.image.resize(picture, [size, size])), tf.uint8)


def decode_jpeg(jpeg: tf.Tensor) -> tf.Tensor:
    """Decode the JPEG of a record to uint8 pixels [H, W, 3], in the same way for training and evaluation."""
    return tf.io.decode_jpeg(jpeg, channels=3, dct_method="INTEGER_ACCURATE")


def with_pipeline_options(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Fix the order of the elements of a dataset, and switch autotuning off."""
    options = tf.data.Options()
    options.deterministic = True
    # Autotuning sleeps for ever longer periods and delays the end of an epoch, by up to the length of the epoch.
    options.autotune.enabled = False
    return dataset.with_options(options)
