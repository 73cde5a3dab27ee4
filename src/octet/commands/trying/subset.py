"""The first pictures of the test split, as records of their own that every part of a task can read."""

import shutil
from pathlib import Path

from octet.common.files import atomic_folder
from octet.common.tensorflow import report_write_errors, tf
from octet.data.reading.examples import read_serialized
from octet.data.reading.records import count_records


def write_subset(records: Path, pictures: int, folder: Path) -> int:
    """Write records whose test split has the first `pictures` of it, or all; return how many they are."""
    count = min(pictures, count_records(records, "test"))
    with atomic_folder(folder) as partial:
        shutil.copy(records / "labels.txt", partial)
        with (
            report_write_errors(str(folder)),
            tf.io.TFRecordWriter(str(partial / "test-00000-of-00001.tfrecord")) as writer,
        ):
            for serialized in read_serialized(records, "test").take(count).as_numpy_iterator():
                writer.write(serialized)
    return count
