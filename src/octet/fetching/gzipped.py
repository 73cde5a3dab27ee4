"""Decompress a file that somebody else compressed by gzip, in bounded memory and up to a bounded size."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from octet.fetching.asking import OtherFileError

_BLOCK = 1 << 20  # bytes that are decompressed at a time
_LEAST_LIMIT = 1 << 26  # bytes that any file may have
_MOST_TIMES = 20  # as large as the compressed file; pictures are compressed already, and hardly shrink


def decompressed(path: Path) -> Iterator[bytes]:
    """Yield the content in blocks; an OtherFileError if it is damaged, or grows beyond all measure."""
    most, size = max(_LEAST_LIMIT, _MOST_TIMES * path.stat().st_size), 0
    try:
        with gzip.open(path) as file:
            while block := file.read(_BLOCK):
                size += len(block)
                if size > most:
                    raise OtherFileError(f"has more than {most:,} bytes when decompressed, which pictures do not")
                yield block
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise OtherFileError(f"is no complete gzip file ({error})") from None
