"""Read VOC archives without extracting them: [.../]FOLDER/{Annotations,ImageSets/Main,JPEGImages}."""

import os
import re
import tarfile
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from octet.common.errors import UserError
from octet.sources.voc.layout import ANNOTATIONS, IMAGE_SETS, MOST_BYTES, ORIGIN_HEADER, PICTURE_SUFFIXES, PICTURES
from octet.sources.voc.problem import Problem

_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ")  # the first bytes of gzip, bzip2 and xz files
_END = bytes(2 * tarfile.BLOCKSIZE)  # the last bytes of every complete tar
_PAX_TYPES = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)
_LONGEST_HEADER = 1 << 16  # bytes of long names and other metadata, which tarfile keeps in memory
_LONGEST_NAME = 4096  # characters
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
    origin: str  # the user's name for this file, for messages

    def read(self) -> bytes:
        """Read the content of the file."""
        return os.pread(self.descriptor, self.size, self.offset)


@dataclass(frozen=True)
class Entry:
    """The members that belong to one picture; in correct data one annotation and one picture."""

    id: str
    folder: str
    annotations: Sequence[Member]
    pictures: Sequence[Member]


class Archives:
    """Several VOC archives as one set of pictures. Only headers are read in advance, and nothing is extracted."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.problems: list[Problem] = []
        self._files = ExitStack()
        self._annotations: defaultdict[tuple[str, str], list[Member]] = defaultdict(list)
        self._pictures: defaultdict[tuple[str, str], list[Member]] = defaultdict(list)
        self._image_sets: defaultdict[str, list[Member]] = defaultdict(list)
        for path in paths:
            try:
                file = self._files.enter_context(path.open("rb"))
                _require_complete(path, file)
                self._index(path, file)
            except (tarfile.TarError, EOFError, ValueError, OverflowError, OSError, RecursionError) as error:
                raise UserError(
                    f"{path}: not a complete tar archive ({error}); correct its source, then fetch again"
                ) from None

    def _index(self, path: Path, file: BinaryIO) -> None:
        """Record where each member of an archive is, and the problems of members that are not read."""
        end, descriptor = path.stat().st_size, file.fileno()
        tar = tarfile.open(fileobj=file, mode="r:", tarinfo=_Header)  # noqa: SIM115  # the ExitStack closes the file
        position = 0  # the end of the last member; tarfile silently stops at a damaged header
        while header := tar.next():
            position = tar.offset
            tar.members.clear()  # type: ignore[attr-defined]  # otherwise tarfile keeps all headers in memory
            if header.size < 0 or position <= header.offset:
                raise tarfile.ReadError(f"{header.name[:_LONGEST_NAME]} has a size below zero")
            if len(tar.pax_headers) > _MOST_GLOBAL_HEADERS:
                raise tarfile.ReadError(f"more than {_MOST_GLOBAL_HEADERS} global headers")
            folder, kind, name = _locate(header.name, path.stem)
            if not kind or header.isdir():
                continue
            reason = _reject(header, kind, end)
            if reason:
                self.problems.append(
                    Problem(f"{path.name}: {header.name[:_LONGEST_NAME]}", "", *reason, skipped="file")
                )
                continue
            member = f"{folder}/{kind}/{name}"
            origin = _origin(header) or member
            self._add(folder, kind, Member(member, descriptor, header.offset_data, header.size, origin))
        _require_nothing_after(file, position)

    def _add(self, folder: str, kind: str, member: Member) -> None:
        id, _, suffix = member.name.rpartition("/")[2].rpartition(".")
        if kind == ANNOTATIONS and suffix.lower() == "xml":
            self._annotations[folder, id].append(member)
        elif kind == PICTURES and suffix.lower() in PICTURE_SUFFIXES:
            self._pictures[folder, id].append(member)
        elif kind == IMAGE_SETS and suffix == "txt":
            self._image_sets[f"{folder}/{id}"].append(member)

    @property
    def image_sets(self) -> list[str]:
        """List the image sets of the archives, and `FOLDER/*` for each folder."""
        folders = {folder for folder, _ in [*self._annotations, *self._pictures]}
        return sorted([*self._image_sets, *(f"{folder}/*" for folder in folders)])

    def image_set(self, image_set: str) -> list[str]:
        """Read the picture ids of an image set such as `VOC2007/trainval`; `FOLDER/*` gives all of a folder, sorted."""
        folder, _, name = image_set.partition("/")
        ids = {id for id_folder, id in [*self._annotations, *self._pictures] if id_folder == folder}
        if name == "*" and ids:
            return sorted(ids)
        if image_set not in self._image_sets:
            known = ", ".join(self.image_sets) or "none"
            raise UserError(f"image set {image_set!r} is in no archive; there are: {known}")
        lines = []
        for member in self._image_sets[image_set]:
            try:
                lines += member.read().decode("utf-8-sig").splitlines()
            except UnicodeDecodeError:
                raise UserError(f"{member.name} is not text") from None
        # A line of VOC may end in a flag; ids of other data may contain spaces.
        return [line.strip() if line.strip() in ids else line.split()[0] for line in lines if line.strip()]

    def pictures(self) -> list[Member]:
        """List the pictures of all folders."""
        return [member for members in self._pictures.values() for member in members]

    def entry(self, folder: str, id: str) -> Entry:
        """Return the members that belong to the picture `id` of a folder."""
        return Entry(id, folder, self._annotations.get((folder, id), ()), self._pictures.get((folder, id), ()))

    def __enter__(self) -> "Archives":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()


class _Header(tarfile.TarInfo):
    """The header of a member; one that would take long or much memory to read is refused before tarfile reads it."""

    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        if not self.isreg() and self.size > _LONGEST_HEADER and not self.issparse():
            raise tarfile.ReadError(f"a header of {self.size} bytes")
        if self.type in _PAX_TYPES:
            start = tar.fileobj.tell()  # type: ignore[union-attr]
            if _LONG_NUMBER.search(tar.fileobj.read(max(self.size, 0))):  # type: ignore[union-attr]
                raise tarfile.ReadError("a number of more than 300 digits")
            tar.fileobj.seek(start)  # type: ignore[union-attr]
        return super()._proc_member(tar)  # type: ignore[misc]  # tarfile documents it as meant to be overridden


def _origin(header: tarfile.TarInfo) -> str:
    """Read the name of the user's file that a member was made from; it is used in messages only."""
    origin = header.pax_headers.get(ORIGIN_HEADER, "")
    return origin if origin.isprintable() and len(origin) <= _LONGEST_NAME else ""


def _locate(name: str, archive: str) -> tuple[str, str, str]:
    """Split a member's path into the set's folder, VOC's folder in it and the file name; all empty for other files."""
    path, _, file = name[-_LONGEST_NAME:].rpartition("/")
    for kind in MOST_BYTES:
        parent, separator, remainder = f"/{path}".rpartition(f"/{kind}")
        if separator and not remainder and not file.startswith("."):
            folder = parent.rpartition("/")[2]
            return (archive if folder in ("", ".") else folder), kind, file
    return "", "", ""


def _reject(header: tarfile.TarInfo, kind: str, end: int) -> tuple[str, str] | None:
    """Return why a member must not be read, as a kind of problem and what was found; None if it may be read."""
    if header.name.startswith("/") or ".." in header.name.split("/") or len(header.name) > _LONGEST_NAME:
        return "hostile name", "absolute, with `..`, or endless"
    if not header.name.isprintable():  # names that are not UTF-8 are not printable either
        return "unreadable name", f"{header.name!r}, expected printable UTF-8"
    if not header.isreg() or header.issparse():
        return "not a plain file", "a link, a device or a file with holes, which is never followed"
    if header.size > MOST_BYTES[kind] or header.offset_data + header.size > end:
        return "absurd size", f"{header.size} bytes, expected at most {MOST_BYTES[kind]}"
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
