"""Read records: the parsed examples of a split, in the order in which they were written."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from octet.common.errors import UserError
from octet.common.machine import cores
from octet.common.tensorflow import tf

# The features of every record; a task's records have further ones.
PICTURE = {"id": tf.io.FixedLenFeature([], tf.string), "jpeg": tf.io.FixedLenFeature([], tf.string)}


def read_class_names(folder: Path) -> tuple[str, ...]:
    """Read the class names of the records, in the order of their numbers."""
    return tuple((folder / "labels.txt").read_text().splitlines())


def read_split(folder: Path, split: str, features: Mapping[str, Any] = PICTURE) -> tf.data.Dataset:
    """Read the examples of a split as dictionaries of these features."""
    shards = _shards(folder, split)
    return (
        tf.data.Dataset.from_tensor_slices([str(path) for path in shards])
        .interleave(tf.data.TFRecordDataset, cycle_length=len(shards), block_length=1)
        .map(lambda serialized: tf.io.parse_single_example(serialized, features), num_parallel_calls=cores())
    )


def count_records(folder: Path, split: str) -> int:
    """Count the records of a split; each holds one picture."""
    return sum(1 for _ in tf.data.TFRecordDataset([str(path) for path in _shards(folder, split)]))


def read_pictures(folder: Path, split: str) -> Iterator[tuple[str, bytes]]:
    """Yield the id and the JPEG of each picture of a split."""
    for example in read_split(folder, split).as_numpy_iterator():
        yield example["id"].decode(), example["jpeg"]


def _shards(folder: Path, split: str) -> list[Path]:
    """List the files of a split, and check by their names that none is missing."""
    shards = sorted(folder.glob(f"{split}-*.tfrecord"))
    complete = re.fullmatch(rf"{split}-\d+-of-(\d+)\.tfrecord", shards[0].name) if shards else None
    if not complete or len(shards) != int(complete[1]):
        raise UserError(
            f"{folder}: the {split} split has {len(shards)} shards, which is not the complete set: run preprocess again"
        )
    return shards
