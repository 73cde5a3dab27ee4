"""Read records: the parsed examples of a split, in the order in which they were written."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from octet.common.errors import UserError, first_line
from octet.common.machine import cores
from octet.common.tensorflow import tf

# The features of every record; a task's records have further ones.
PICTURE = {"id": tf.io.FixedLenFeature([], tf.string), "jpeg": tf.io.FixedLenFeature([], tf.string)}

_HEADER, _CHECKSUM = 12, 4  # bytes before the content of a record, of which its length takes eight, and after it


def read_class_names(folder: Path) -> tuple[str, ...]:
    """Read the class names of the records, in the order of their numbers."""
    file = folder / "labels.txt"
    text = file.read_text(errors="replace")
    names = tuple(text.splitlines())
    if not text.endswith("\n") or not all(names) or len(set(names)) < len(names) or "\ufffd" in text:
        raise UserError(f"{file} holds no class names: run preprocess again")
    return names


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
        shards = _shards(folder, split)
        offsets = list(map(_offsets, shards))
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
        problem = f"{folder}: the {split} split is damaged, or of another version"
        raise UserError(f"{problem} ({first_line(error)}): run preprocess again") from None


def read_serialized(folder: Path, split: str) -> tf.data.Dataset:
    """The examples of a split as they are stored, in the order in which they were written."""
    shards = _shards(folder, split)
    return tf.data.Dataset.from_tensor_slices([str(path) for path in shards]).interleave(
        tf.data.TFRecordDataset, cycle_length=len(shards), block_length=1
    )


def count_records(folder: Path, split: str) -> int:
    """Count the records of a split; each holds one picture."""
    return sum(map(_count, _shards(folder, split)))


def read_pictures(folder: Path, split: str) -> Iterator[tuple[str, bytes]]:
    """Yield the id and the JPEG of each picture of a split."""
    for example in read_split(folder, split).as_numpy_iterator():
        yield example["id"].decode(), example["jpeg"]


def _shards(folder: Path, split: str) -> list[Path]:
    """List the files of a split, and check that none is missing, cut or empty."""
    shards = sorted(folder.glob(f"{split}-*.tfrecord"))
    complete = re.fullmatch(rf"{split}-\d+-of-(\d+)\.tfrecord", shards[0].name) if shards else None
    if not complete or len(shards) != int(complete[1]):
        raise UserError(
            f"{folder}: the {split} split has {len(shards)} shards, which is not the complete set: run preprocess again"
        )
    counts = [_count(shard) for shard in shards]
    if not counts[0]:
        raise UserError(f"{folder}: the {split} split has no pictures: run preprocess again")
    if counts != sorted(counts, reverse=True) or counts[0] - counts[-1] > 1:
        raise UserError(f"{folder}: the shards of the {split} split have {counts} pictures: run preprocess again")
    return shards


def _count(shard: Path) -> int:
    return len(_offsets(shard))


def _offsets(shard: Path) -> list[int]:
    """Where each record of a file begins, by their lengths; TensorFlow would allocate whatever one of them claims."""
    offsets, size = [], shard.stat().st_size
    with shard.open("rb") as file:
        while header := file.read(_HEADER):
            length = int.from_bytes(header[:8], "little")
            if file.tell() + length + _CHECKSUM > size:
                raise UserError(f"{shard} is cut: run preprocess again")
            offsets.append(file.tell() - _HEADER)
            file.seek(length + _CHECKSUM, os.SEEK_CUR)
    return offsets
