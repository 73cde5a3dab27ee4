"""What kind of file has come: without a SHA-256, a file is kept only if it can be opened as what it is to be."""

import tarfile
from pathlib import Path

import h5py

from octet.common.errors import first_line
from octet.fetching.asking import OtherFileError

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
