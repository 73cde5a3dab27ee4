"""Pack pictures from TFRecords of TensorFlow's image-classification builders into an archive of class folders."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from octet.common.errors import UserError, first_line
from octet.common.tensorflow import tf
from octet.recipe.shared.dataset import TfRecords
from octet.sources.packing.tar import PackedFile
from octet.sources.voc.annotation import LONGEST_CLASS
from octet.sources.voc.layout import MOST_BYTES, PICTURES

FOLDER = "TFRECORDS"  # the name of the sets' folder in the archive

_HEADER, _CHECKSUM = 12, 4  # bytes before the content of a record, of which its length takes eight, and after it
_MOST_RECORD = MOST_BYTES[PICTURES] + (1 << 20)  # bytes


def tfrecords_members(source: TfRecords) -> Iterator[PackedFile]:
    """Yield the members of the archive: TFRECORDS/SET/CLASS/FILE-NUMBER.jpg.

    A picture whose record does not tell its class lies in the folder of its set; its origin says what is wrong.
    """
    for set_name in source.sets:
        files = source.files_of(set_name)
        if not files:
            raise UserError(f"{source.sets[set_name]}: no such file; expected the TFRecords of the set {set_name!r}")
        for index, file in enumerate(files):
            stem = f"{index:05d}" if len(files) > 1 else set_name
            for number, record in enumerate(_records(file)):
                origin = f"{file}: record {number}"
                features = _features(record, origin)
                name, doubt = _class_name(features, source.labels)
                folder = f"{FOLDER}/{set_name}/{name}" if name else f"{FOLDER}/{set_name}"
                encoded = _only(features, "image/encoded", "bytes_list")
                yield PackedFile(
                    f"{folder}/{stem}-{number:06d}.jpg", encoded or b"", f"{origin}{_file_name(features)}{doubt}"
                )


def first_names_class(file: Path) -> bool:
    """Tell whether the first record of a file has the name of its class as a text."""
    record = next(_records(file), None)
    return record is not None and bool(_only(_features(record, f"{file}: record 0"), "image/class/text", "bytes_list"))


def _records(file: Path) -> Iterator[bytes]:
    """Yield the content of each record of a file, whose check sums have been verified."""
    _require_possible_lengths(file)
    try:
        yield from tf.data.TFRecordDataset(str(file)).as_numpy_iterator()
    except tf.errors.OpError as error:
        raise UserError(f"{file}: is damaged ({first_line(error)}); correct it, then fetch again") from None


def _require_possible_lengths(file: Path) -> None:
    """Raise a UserError if a record is cut or absurdly long; TensorFlow would allocate whatever one of them claims."""
    if not file.is_file():
        raise UserError(f"{file}: is a folder, a pipe or a device, expected a file of TFRecords")
    size = file.stat().st_size
    with file.open("rb") as content:
        number = 0
        while header := content.read(_HEADER):
            length = int.from_bytes(header[:8], "little")
            if length > _MOST_RECORD or content.tell() + length + _CHECKSUM > size:
                raise UserError(
                    f"{file}: record {number} is cut, or this is no file of TFRecords (without compression)"
                )
            content.seek(length + _CHECKSUM, os.SEEK_CUR)
            number += 1


def _features(record: bytes, origin: str) -> Any:
    """Parse a record as an example, and return its features by their names."""
    try:
        return tf.train.Example.FromString(record).features.feature
    except Exception as error:  # protobuf's DecodeError, whose module differs between its versions
        raise UserError(f"{origin}: is no tf.train.Example ({first_line(error)})") from None


def _only(features: Any, name: str, kind: str) -> Any:
    """Return the only value of a feature, or None if it has none or several, or they are of another kind."""
    values: Any = getattr(features[name], kind).value if name in features else ()
    return values[0] if len(values) == 1 else None


def _class_name(features: Any, labels: str | Sequence[str]) -> tuple[str, str]:
    """Return the name of a record's class, or an empty text and what is wrong with its label."""
    if isinstance(labels, str):
        text = (_only(features, "image/class/text", "bytes_list") or b"").decode(errors="replace")
        if not text:
            return "", ", which has no image/class/text"
        if not is_class_name(text):
            return "", f", whose image/class/text is {text[:LONGEST_CLASS]!r}"
        return text, ""
    number = _only(features, "image/class/label", "int64_list")
    if number is None or not 0 <= number < len(labels):
        return "", f", whose image/class/label is {number}, expected 0 to {len(labels) - 1}"
    return labels[number], ""


def is_class_name(text: str) -> bool:
    """Tell whether a text can name a class and its folder in an archive."""
    is_short = 0 < len(text) <= LONGEST_CLASS
    return is_short and text.isprintable() and text == text.strip() and not re.search(r"^\.|/|\ufffd", text)


def _file_name(features: Any) -> str:
    name = (_only(features, "image/filename", "bytes_list") or b"").decode(errors="replace")
    return f" ({name})" if name and name.isprintable() and len(name) <= LONGEST_CLASS else ""
