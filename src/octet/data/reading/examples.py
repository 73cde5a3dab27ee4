"""The examples of records as TensorFlow reads them, for training and for running networks on many pictures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from octet.common.errors import first_line
from octet.common.machine import cores
from octet.common.tensorflow import tf
from octet.data.reading.records import damage, shards_of

# The features of every record; a task's records have further ones.
PICTURE = {"id": tf.io.FixedLenFeature([], tf.string), "jpeg": tf.io.FixedLenFeature([], tf.string)}


def read_split(folder: Path, split: str, features: Mapping[str, Any] = PICTURE) -> tf.data.Dataset:
    """Read the examples of a split as dictionaries of these features, after all of them have been verified."""
    shards = shards_of(folder, split)
    examples = (
        tf.data.Dataset.from_tensor_slices([str(path) for path in shards])
        .interleave(tf.data.TFRecordDataset, cycle_length=len(shards), block_length=1)
        .map(lambda serialized: tf.io.parse_single_example(serialized, features), num_parallel_calls=cores())
    )
    try:
        examples.reduce(np.int64(0), lambda count, _: count + 1)
    except (tf.errors.DataLossError, tf.errors.InvalidArgumentError) as error:
        raise damage(folder, split, first_line(error)) from None
    return examples
