"""What kind of file has come: without a SHA-256, a file is kept only if it can be opened as what it is to be."""

import tarfile
from collections.abc import Callable
from pathlib import Path

import h5py

from octet.common.errors import first_line
from octet.fetching.asking import OtherFileError
from octet.fetching.gzipped import decompressed
from octet.recipe.shared.dataset import COMPRESSED_TAR

_END = bytes(2 * tarfile.BLOCKSIZE)  # the last bytes of every complete tar
_SHOWN = 24  # bytes of the beginning


def require_tar(path: Path) -> None:
    """Raise an OtherFileError unless the file begins with a tar's header and ends as a complete tar does."""
    with path.open("rb") as file:
        block = file.read(tarfile.BLOCKSIZE)
        file.seek(max(0, path.stat().st_size - len(_END)))
        is_complete = file.read() == _END
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        raise OtherFileError(f"{_found(path)}, expected an uncompressed tar archive") from None
    if not is_complete:
        raise OtherFileError("is a tar archive that is cut off")


def archive_check(name: str) -> Callable[[Path], None]:
    """Return the check of an archive with this name: whether it is a tar, or a compressed one."""
    return require_compressed_tar if name.endswith(COMPRESSED_TAR) else require_tar


def require_compressed_tar(path: Path) -> None:
    """Raise an OtherFileError unless the file can be decompressed to the end, and begins with a tar's header."""
    expected = f"{_found(path)}, expected a tar archive that is compressed by gzip"
    try:
        first, *_ = (block[: tarfile.BLOCKSIZE] for block in decompressed(path))
        tarfile.TarInfo.frombuf(first, "utf-8", "surrogateescape")
    except OtherFileError as error:
        raise OtherFileError(f"{error}: it {expected}") from None
    except (ValueError, tarfile.HeaderError):  # ValueError: there is nothing in it
        raise OtherFileError(expected) from None


def require_weights(path: Path) -> None:
    """Raise an OtherFileError unless the file is a complete HDF5 file, which Keras keeps weights in."""
    try:
        h5py.File(path).close()
    except (OSError, ValueError, RuntimeError) as error:
        raise OtherFileError(f"{_found(path)}, expected weights in an HDF5 file ({first_line(error)})") from None


def _found(path: Path) -> str:
    with path.open("rb") as file:
        beginning = file.read(_SHOWN)
    return f"begins with {beginning!r}" if beginning else "is empty"
