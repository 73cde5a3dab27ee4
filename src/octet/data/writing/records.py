"""Write records: sharded TFRecords with one example per picture, and a file of class names beside them."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from octet.common.tensorflow import report_write_errors, tf


def serialize_example(features: Mapping[str, str | bytes | NDArray[Any]]) -> bytes:
    """Serialize one example; text and bytes are stored as bytes, integer arrays as integers, other arrays as floats."""
    return tf.train.Example(
        features=tf.train.Features(feature={name: _feature(value) for name, value in features.items()})
    ).SerializeToString(deterministic=True)


def shard_names(split: str, shards: int) -> list[str]:
    """List the file names of the shards of a split."""
    return [f"{split}-{index:05d}-of-{shards:05d}.tfrecord" for index in range(shards)]


def write_split(folder: Path, split: str, shards: int, examples: Iterable[bytes]) -> None:
    """Write the serialized examples of a split; example i goes to shard i modulo the number of shards."""
    with report_write_errors(f"the {split} records"):
        writers = [tf.io.TFRecordWriter(str(folder / name)) for name in shard_names(split, shards)]
    for index, example in enumerate(examples):  # which may fail, too, by what they are read from
        with report_write_errors(f"the {split} records"):
            writers[index % shards].write(example)
    with report_write_errors(f"the {split} records"):
        for writer in writers:
            writer.close()


def write_class_names(folder: Path, classes: Sequence[str]) -> None:
    """Write the class names to a file in the folder of the records, which hold only the numbers of classes."""
    (folder / "labels.txt").write_text("".join(f"{name}\n" for name in classes), "utf-8")


def _feature(value: str | bytes | NDArray[Any]) -> tf.train.Feature:
    if isinstance(value, str | bytes):
        content = value.encode() if isinstance(value, str) else value
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[content]))
    if value.dtype.kind == "i":
        return tf.train.Feature(int64_list=tf.train.Int64List(value=value.ravel()))
    return tf.train.Feature(float_list=tf.train.FloatList(value=value.ravel()))
