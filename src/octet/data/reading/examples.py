"""The examples of records as TensorFlow reads them, for training and for running networks on many pictures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from octet.common.errors import first_line
from octet.common.machine import cores
from octet.common.tensorflow import tf, without_autograph
from octet.data.reading.records import HEADER, contents_of, damage, shards_of

# The features of every record; a task's records have further ones.
PICTURE = {"id": tf.io.FixedLenFeature([], tf.string), "jpeg": tf.io.FixedLenFeature([], tf.string)}


@without_autograph
def read_split(folder: Path, split: str, features: Mapping[str, Any] = PICTURE) -> tf.data.Dataset:
    """Read the examples of a split as dictionaries of these features, after all of them have been verified."""
    examples = read_serialized(folder, split).map(
        lambda serialized: tf.io.parse_single_example(serialized, features), num_parallel_calls=cores()
    )
    _verify(examples, folder, split)
    return examples


class NumberedExamples:
    """The examples of a split by their numbers in the order of `read_split`; only those that are asked for are read."""

    def __init__(self, folder: Path, split: str, features: Mapping[str, Any] = PICTURE) -> None:
        self._folder, self._split, self._features = folder, split, features
        shards = shards_of(folder, split)
        offsets = [[begin - HEADER for begin, _ in contents_of(shard)] for shard in shards]
        self._count = sum(map(len, offsets))
        self._shards = tf.constant([str(shard) for shard in shards])
        places = (divmod(number, len(shards)) for number in range(self._count))  # a record of each shard in turn
        self._offsets = tf.constant([offsets[shard][row] for row, shard in places], tf.int64)

    def read(self, number: tf.Tensor) -> tf.data.Dataset:
        """The example of a number, alone in a dataset."""
        file = tf.raw_ops.TFRecordDatasetV2(
            filenames=tf.gather(self._shards, [number % len(self._shards)]),
            compression_type="",
            buffer_size=0,
            byte_offsets=tf.gather(self._offsets, [number]),
        )
        record = tf.data.experimental.from_variant(file, tf.TensorSpec([], tf.string)).take(1)
        return record.map(lambda serialized: tf.io.parse_single_example(serialized, self._features))

    @without_autograph
    def verified_share(self, first: int, step: int) -> tf.data.Dataset:
        """Every `step`th example from the `first` on, after all of them have been verified."""
        examples = tf.data.Dataset.range(first, self._count, step).flat_map(self.read)
        _verify(examples, self._folder, self._split)
        return examples


def _verify(examples: tf.data.Dataset, folder: Path, split: str) -> None:
    """Read all examples once, so that damage is told before anything is computed."""
    try:
        examples.reduce(np.int64(0), lambda count, _: count + 1)
    except (tf.errors.DataLossError, tf.errors.InvalidArgumentError) as error:
        raise damage(folder, split, first_line(error)) from None


def read_serialized(folder: Path, split: str) -> tf.data.Dataset:
    """The examples of a split as they are stored, in the order in which they were written."""
    shards = shards_of(folder, split)
    return tf.data.Dataset.from_tensor_slices([str(path) for path in shards]).interleave(
        tf.data.TFRecordDataset, cycle_length=len(shards), block_length=1
    )
