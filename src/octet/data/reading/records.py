"""Read records, in the order in which they were written, without TensorFlow: its import takes longer than that."""

import re
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from octet.common.errors import UserError
from octet.data.reading.check_sums import masked_check_sums
from octet.data.reading.serialized import Features

Content = TypeVar("Content")

_LENGTH, _CHECK_SUM = struct.Struct("<Q"), struct.Struct("<I")
HEADER = _LENGTH.size + _CHECK_SUM.size  # bytes before the content of a record; after it comes its own check sum


def read_class_names(folder: Path) -> tuple[str, ...]:
    """Read the class names of the records, in the order of their numbers."""
    file = folder / "labels.txt"
    with suppress(UnicodeDecodeError):
        text = file.read_text("utf-8")
        names = tuple(text.splitlines())
        if text.endswith("\n") and all(names) and len(set(names)) == len(names):
            return names
    raise UserError(f"{file} holds no class names: run preprocess again")


def count_records(folder: Path, split: str) -> int:
    """Count the records of a split; each holds one picture."""
    return sum(len(contents_of(shard)) for shard in shards_of(folder, split))


def read_pictures(folder: Path, split: str) -> Iterator[tuple[str, bytes]]:
    """Yield the id and the JPEG of each picture of a split, after all of them have been verified."""
    yield from read_each(folder, split, lambda features: (features.content("id").decode(), features.content("jpeg")))


def read_each(folder: Path, split: str, convert: Callable[[Features], Content]) -> list[Content]:
    """What `convert` makes of the features of each record of a split, after all of them have been verified."""
    try:
        shards = [[convert(Features(record)) for record in _verified(shard)] for shard in shards_of(folder, split)]
    except ValueError as error:
        raise damage(folder, split, str(error)) from None
    # The first of each shard, then the second of each; the last shards may have one less.
    return [shard[turn] for turn in range(len(shards[0])) for shard in shards if turn < len(shard)]


def damage(folder: Path, split: str, reason: str) -> UserError:
    """The error for records that are not as preprocess writes them."""
    problem = f"{folder}: the {split} split is damaged, or of another version"
    return UserError(f"{problem} ({reason}): run preprocess again")


def shards_of(folder: Path, split: str) -> list[Path]:
    """List the files of a split, and check that none is missing, cut or empty."""
    shards = sorted(folder.glob(f"{split}-*.tfrecord"))
    complete = re.fullmatch(rf"{split}-\d+-of-(\d+)\.tfrecord", shards[0].name) if shards else None
    if not complete or len(shards) != int(complete[1]):
        raise UserError(
            f"{folder}: the {split} split has {len(shards)} shards, which is not the complete set: run preprocess again"
        )
    counts = [len(contents_of(shard)) for shard in shards]
    if not counts[0]:
        raise UserError(f"{folder}: the {split} split has no pictures: run preprocess again")
    if counts != sorted(counts, reverse=True) or counts[0] - counts[-1] > 1:
        raise UserError(f"{folder}: the shards of the {split} split have {counts} pictures: run preprocess again")
    return shards


def contents_of(shard: Path) -> list[tuple[int, int]]:
    """Where the content of each record of a file begins and ends; TensorFlow would allocate whatever one claims."""
    places, size = [], shard.stat().st_size
    with shard.open("rb") as file:
        while header := file.read(HEADER):
            begin, (length,) = file.tell(), _LENGTH.unpack(header[: _LENGTH.size].ljust(_LENGTH.size, b"\0"))
            if begin + length + _CHECK_SUM.size > size:
                raise UserError(f"{shard} is cut: run preprocess again")
            places.append((begin, begin + length))
            file.seek(begin + length + _CHECK_SUM.size)
    return places


def _verified(shard: Path) -> list[bytes]:
    """The content of each record of a file; a ValueError where a check sum is wrong."""
    content, places = shard.read_bytes(), contents_of(shard)
    lengths = [content[begin - HEADER : begin - _CHECK_SUM.size] for begin, _ in places]
    records = [content[begin:end] for begin, end in places]
    written = [content[begin - _CHECK_SUM.size : begin] for begin, _ in places]
    written += [content[end : end + _CHECK_SUM.size] for _, end in places]
    if (masked_check_sums([*lengths, *records]) != [_CHECK_SUM.unpack(of)[0] for of in written]).any():
        raise ValueError(f"a check sum of {shard.name} is wrong")
    return records
