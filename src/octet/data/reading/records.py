"""Reading records: the parsed examples of a split, in the order in which they were written."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from octet.common.errors import UserError
from octet.common.machine import cores
from octet.common.tensorflow import tf

# What every record has; a task's own have more.
PICTURE = {"id": tf.io.FixedLenFeature([], tf.string), "jpeg": tf.io.FixedLenFeature([], tf.string)}


def read_labels(folder: Path) -> tuple[str, ...]:
    """The names of the records' classes, in order."""
    return tuple((folder / "labels.txt").read_text().splitlines())


def read_split(folder: Path, split: str, features: Mapping[str, Any] = PICTURE) -> tf.data.Dataset:
    """The examples of a split, parsed to these features."""
    shards = _shards(folder, split)
    return (
        tf.data.Dataset.from_tensor_slices([str(path) for path in shards])
        .interleave(tf.data.TFRecordDataset, cycle_length=len(shards), block_length=1)
        .map(lambda serialized: tf.io.parse_single_example(serialized, features), num_parallel_calls=cores())
    )


def count(folder: Path, split: str) -> int:
    """How many pictures a split has."""
    return sum(1 for _ in tf.data.TFRecordDataset([str(path) for path in _shards(folder, split)]))


def read_pictures(folder: Path, split: str) -> Iterator[tuple[str, bytes]]:
    """Id and JPEG bytes of the pictures of a split."""
    for example in read_split(folder, split).as_numpy_iterator():
        yield example["id"].decode(), example["jpeg"]


def _shards(folder: Path, split: str) -> list[Path]:
    found = sorted(folder.glob(f"{split}-*.tfrecord"))
    complete = re.fullmatch(rf"{split}-\d+-of-(\d+)\.tfrecord", found[0].name) if found else None
    if not complete or len(found) != int(complete[1]):
        raise UserError(f"{folder}: the {split} split has {len(found)} shards, not the whole set: run preprocess again")
    return found
