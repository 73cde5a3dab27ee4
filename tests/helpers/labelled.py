"""Write TFRecords in the format of TensorFlow's image-classification builders."""

from collections.abc import Sequence
from pathlib import Path

from octet.common.tensorflow import tf


def labelled_example(**features: bytes | int) -> bytes:
    """Serialize an example; the names of features have two underscores for each slash."""
    return tf.train.Example(
        features=tf.train.Features(
            feature={
                name.replace("__", "/"): tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
                if isinstance(value, int)
                else tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
                for name, value in features.items()
            }
        )
    ).SerializeToString()


def write_tfrecords(path: Path, records: Sequence[bytes]) -> Path:
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)
    return path
