"""Records: sharded TFRecords, one example a picture, boxes in 0..1 as [ymin, xmin, ymax, xmax]."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octet.errors import UserError
from octet.machine import cores
from octet.tensorflow import tf, writing
from octet.voc.annotation import Annotation

_FEATURES = {
    "id": tf.io.FixedLenFeature([], tf.string),
    "jpeg": tf.io.FixedLenFeature([], tf.string),
    "width": tf.io.FixedLenFeature([], tf.int64),
    "height": tf.io.FixedLenFeature([], tf.int64),
    "boxes": tf.io.FixedLenSequenceFeature([4], tf.float32, allow_missing=True),  # [G, 4]
    "classes": tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True),  # [G], 0-based
    "difficult": tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True),  # [G]
    "truncated": tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True),  # [G]
}

_LABELS = "labels.txt"


@dataclass(frozen=True)
class Truth:
    """What is in a picture, for scoring."""

    id: str
    width: int
    height: int
    boxes: NDArray[np.float32]  # [G, 4] ymin, xmin, ymax, xmax in 0..1
    classes: NDArray[np.int64]  # [G]
    difficult: NDArray[np.bool_]  # [G]


def shard_names(split: str, shards: int) -> list[str]:
    """The files of a split."""
    return [f"{split}-{index:05d}-of-{shards:05d}.tfrecord" for index in range(shards)]


def write_split(folder: Path, split: str, shards: int, examples: Iterable[bytes]) -> None:
    """Write a split, example i into shard i modulo the number of shards."""
    with writing(f"the {split} records"):
        writers = [tf.io.TFRecordWriter(str(folder / name)) for name in shard_names(split, shards)]
        for index, example in enumerate(examples):
            writers[index % shards].write(example)
        for writer in writers:
            writer.close()


def write_labels(folder: Path, classes: Sequence[str]) -> None:
    """Write the names of the classes beside the records, which hold their numbers."""
    (folder / _LABELS).write_text("".join(f"{name}\n" for name in classes))


def read_labels(folder: Path) -> tuple[str, ...]:
    """The names of the records' classes, in order."""
    return tuple((folder / _LABELS).read_text().splitlines())


def read_split(folder: Path, split: str) -> tf.data.Dataset:
    """The parsed examples of a split, in the order in which they were written."""
    return (
        tf.data.Dataset.from_tensor_slices([str(path) for path in _shards(folder, split)])
        .interleave(tf.data.TFRecordDataset, cycle_length=len(_shards(folder, split)), block_length=1)
        .map(_parse, num_parallel_calls=cores())
    )


def count(folder: Path, split: str) -> int:
    """How many pictures a split has."""
    return sum(1 for _ in tf.data.TFRecordDataset([str(path) for path in _shards(folder, split)]))


def read_truths(folder: Path, split: str) -> list[Truth]:
    """What is in each picture of a split, in the order of `read_split`."""
    return [
        Truth(
            id=example["id"].decode(),
            width=int(example["width"]),
            height=int(example["height"]),
            boxes=example["boxes"],
            classes=example["classes"],
            difficult=example["difficult"].astype(bool),
        )
        for example in read_split(folder, split).as_numpy_iterator()
    ]


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


def _parse(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
    return tf.io.parse_single_example(serialized, _FEATURES)


def to_example(annotation: Annotation, jpeg: bytes, classes: Sequence[str]) -> bytes:
    """A picture and what is in it, serialized."""
    index = {name: number for number, name in enumerate(classes)}
    objects = annotation.objects
    # VOC counts pixels from 1 and both ends belong to the box: in continuous coordinates it starts one earlier.
    boxes = np.array([thing.box for thing in objects], np.float64).reshape(-1, 4) - (1, 1, 0, 0)
    boxes = boxes[:, [1, 0, 3, 2]] / np.tile([annotation.height, annotation.width], 2)
    example = tf.train.Example(
        features=tf.train.Features(
            feature={
                "id": _bytes(annotation.id.encode()),
                "jpeg": _bytes(jpeg),
                "width": _ints([annotation.width]),
                "height": _ints([annotation.height]),
                "boxes": tf.train.Feature(float_list=tf.train.FloatList(value=boxes.clip(0, 1).ravel())),
                "classes": _ints([index[thing.name] for thing in objects]),
                "difficult": _ints([int(thing.difficult) for thing in objects]),
                "truncated": _ints([int(thing.truncated) for thing in objects]),
            }
        )
    )
    return example.SerializeToString(deterministic=True)


def _bytes(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def _ints(values: Sequence[int]) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
