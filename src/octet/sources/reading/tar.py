"""Read tar archives without extracting them: where each member is, and which members must not be read."""

import os
import re
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from octet.common.errors import UserError
from octet.sources.voc.layout import ORIGIN_HEADER
from octet.sources.voc.problem import Problem

MostBytes = Callable[[str, str], int]  # (name of a member, name of its archive) -> the largest size; 0: not of interest
LONGEST_NAME = 4096  # characters

_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ")  # the first bytes of gzip, bzip2 and xz files
_END = bytes(2 * tarfile.BLOCKSIZE)  # the last bytes of every complete tar
_PAX_TYPES = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)
_LONGEST_HEADER = 1 << 16  # bytes of long names and other metadata, which tarfile keeps in memory
_MOST_GLOBAL_HEADERS = 100  # tarfile copies all of them for each member
_LONG_NUMBER = re.compile(rb"\d{300}")  # tarfile looks through one for each of its digits
_BLOCK = 1 << 20  # bytes that are read at a time


@dataclass(frozen=True)
class Member:
    """A file in an open tar archive."""

    name: str
    descriptor: int  # of the open tar; valid in worker processes that are forked later, too
    offset: int
    size: int
    origin: str  # the user's name for this file, for messages; empty if the archive does not state it

    def read(self) -> bytes:
        """Read the content of the file."""
        return os.pread(self.descriptor, self.size, self.offset)


class Tars:
    """Several open tars. Only headers are read in advance, and nothing is extracted.

    `members` and `folders` are those of interest, each with the name of its archive without suffix.
    """

    def __init__(self, paths: Sequence[Path], most_bytes: MostBytes) -> None:
        self.members: list[tuple[str, Member]] = []
        self.folders: list[tuple[str, str]] = []
        self.problems: list[Problem] = []
        self._files = ExitStack()
        for path in paths:
            try:
                file = self._files.enter_context(path.open("rb"))
                _require_complete(path, file)
                self._index(path, file, most_bytes)
            except (tarfile.TarError, EOFError, ValueError, OverflowError, OSError, RecursionError) as error:
                raise UserError(
                    f"{path}: not a complete tar archive ({error}); correct its source, then fetch again"
                ) from None

    def _index(self, path: Path, file: BinaryIO, most_bytes: MostBytes) -> None:
        """Record where each member of an archive is, and the problems of members that are not read."""
        end = path.stat().st_size
        for header in _headers(file):
            most = most_bytes(header.name, path.stem)
            if not most:
                continue
            reason = _reject(header, most, end)
            if reason:
                self.problems.append(Problem(f"{path.name}: {header.name[:LONGEST_NAME]}", "", *reason, skipped="file"))
            elif header.isdir():
                self.folders.append((path.stem, header.name))
            else:
                member = Member(header.name, file.fileno(), header.offset_data, header.size, _origin(header))
                self.members.append((path.stem, member))

    def __enter__(self) -> "Tars":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()


def _headers(file: BinaryIO) -> Iterator[tarfile.TarInfo]:
    """Yield the header of each member of a tar, and require that the last one is the end of the file."""
    tar = tarfile.open(fileobj=file, mode="r:", tarinfo=_Header)  # noqa: SIM115  # its owner closes the file
    position = 0  # the end of the last member; tarfile silently stops at a damaged header
    while header := tar.next():
        position = tar.offset
        tar.members.clear()  # type: ignore[attr-defined]  # otherwise tarfile keeps all headers in memory
        if header.size < 0 or position <= header.offset:
            raise tarfile.ReadError(f"{header.name[:LONGEST_NAME]} has a size below zero")
        if len(tar.pax_headers) > _MOST_GLOBAL_HEADERS:
            raise tarfile.ReadError(f"more than {_MOST_GLOBAL_HEADERS} global headers")
        yield header
    _require_nothing_after(file, position)


class _Header(tarfile.TarInfo):
    """The header of a member; one that would take long or much memory to read is refused before tarfile reads it."""

    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        if not self.isreg() and self.size > _LONGEST_HEADER and not self.issparse():
            raise tarfile.ReadError(f"a header of {self.size} bytes")
        if self.type == tarfile.GNUTYPE_SPARSE and self._sparse_structs[1]:  # type: ignore[attr-defined]
            raise tarfile.ReadError("a file with more than four holes")  # tarfile would list them all
        if self.type in _PAX_TYPES:
            start = tar.fileobj.tell()  # type: ignore[union-attr]
            if _LONG_NUMBER.search(tar.fileobj.read(max(self.size, 0))):  # type: ignore[union-attr]
                raise tarfile.ReadError("a number of more than 300 digits")
            tar.fileobj.seek(start)  # type: ignore[union-attr]
        return super()._proc_member(tar)  # type: ignore[misc]  # tarfile documents it as meant to be overridden


def _origin(header: tarfile.TarInfo) -> str:
    """Read the name of the user's file that a member was made from; it is used in messages only."""
    origin = header.pax_headers.get(ORIGIN_HEADER, "")
    return origin if origin.isprintable() and len(origin) <= LONGEST_NAME else ""


def _reject(header: tarfile.TarInfo, most: int, end: int) -> tuple[str, str] | None:
    """Return why a member must not be read, as a kind of problem and what was found; None if it may be read."""
    if header.name.startswith("/") or ".." in header.name.split("/") or len(header.name) > LONGEST_NAME:
        return "hostile name", "absolute, with `..`, or endless"
    if not header.name.isprintable():  # names that are not UTF-8 are not printable either
        return "unreadable name", f"{header.name!r}, expected printable UTF-8"
    if header.isdir():
        return None
    if not header.isreg() or header.issparse():
        return "not a plain file", "a link, a device or a file with holes, which is never followed"
    if header.size > most or header.offset_data + header.size > end:
        return "absurd size", f"{header.size} bytes, expected at most {most}"
    return None


def _require_complete(path: Path, file: BinaryIO) -> None:
    """Raise an error unless the tar ends in two blocks of zeros; tarfile accepts one that is cut between members."""
    if file.read(6).startswith(_COMPRESSED):
        raise UserError(f"{path}: it is compressed: unpack it to a plain tar first (gunzip, bunzip2, unxz)")
    file.seek(max(file.seek(0, os.SEEK_END) - len(_END), 0))
    if file.read() != _END:
        raise tarfile.ReadError("it is cut off")
    file.seek(0)


def _require_nothing_after(file: BinaryIO, end: int) -> None:
    """Raise an error if data follows the last member; tarfile takes damaged headers and zeros for the end."""
    file.seek(end)
    while block := file.read(_BLOCK):
        if any(block):
            raise tarfile.ReadError(f"it is damaged at byte {end}, or something follows its end")
