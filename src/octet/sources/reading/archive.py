"""VOC archives, read straight from the tar: [.../]FOLDER/{Annotations,ImageSets/Main,JPEGImages}."""

import os
import tarfile
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from octet.common.errors import UserError
from octet.sources.voc.layout import ANNOTATIONS, IMAGE_SETS, ORIGIN_HEADER, PICTURE_SUFFIXES, PICTURES
from octet.sources.voc.problem import Problem

_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ")  # how gzip, bzip2 and xz begin
_END = bytes(2 * tarfile.BLOCKSIZE)
_LARGEST = {ANNOTATIONS: 1 << 20, IMAGE_SETS: 1 << 24, PICTURES: 1 << 27}  # bytes; far beyond VOC's own
_LONGEST_HEADER = 1 << 16  # of names and notes; tarfile holds them in memory
_LONGEST_NAME = 4096
_AT_ONCE = 1 << 20  # bytes


@dataclass(frozen=True)
class Member:
    """A file inside a tar."""

    name: str
    descriptor: int  # of the open tar; workers that were forked since have it, too
    offset: int
    size: int
    origin: str  # what the owner of the data calls it

    def read(self) -> bytes:
        """Its content."""
        return os.pread(self.descriptor, self.size, self.offset)


@dataclass(frozen=True)
class Entry:
    """What the archives have of one picture; VOC has one member of each."""

    id: str
    folder: str
    annotations: Sequence[Member]
    pictures: Sequence[Member]


class Archives:
    """Several VOC tars seen as one set. Only their headers are read here, and nothing is ever extracted."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.problems: list[Problem] = []
        self._open = ExitStack()
        self._annotations: defaultdict[tuple[str, str], list[Member]] = defaultdict(list)
        self._pictures: defaultdict[tuple[str, str], list[Member]] = defaultdict(list)
        self._image_sets: defaultdict[str, list[Member]] = defaultdict(list)
        for path in paths:
            try:
                file = self._open.enter_context(path.open("rb"))
                _require_whole(path, file)
                self._index(path, file)
            except (tarfile.TarError, EOFError, ValueError, OSError, RecursionError) as error:
                raise UserError(
                    f"{path}: not a whole tar archive ({error}); mend its source, then fetch again"
                ) from None

    def _index(self, path: Path, file: BinaryIO) -> None:
        end, descriptor = path.stat().st_size, file.fileno()
        tar = tarfile.open(fileobj=file, mode="r:", tarinfo=_Header)  # noqa: SIM115  # the stack closes its file
        told = 0  # how far the headers reach that python did not take for the end
        while header := tar.next():
            told = tar.offset
            tar.members.clear()  # type: ignore[attr-defined]  # it would keep them all
            if told <= header.offset:
                raise tarfile.ReadError(f"{header.name} has a size below zero")
            folder, kind, name = _layout(header.name, path.stem)
            if not kind or header.isdir():
                continue
            wrong = _mistrust(header, kind, end)
            if wrong:
                self.problems.append(Problem(f"{path.name}: {header.name[:_LONGEST_NAME]}", "", *wrong, skipped="file"))
                continue
            member = f"{folder}/{kind}/{name}"
            origin = _origin(header) or member
            self._add(folder, kind, Member(member, descriptor, header.offset_data, header.size, origin))
        _require_nothing_after(file, told)

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
        """The image sets that the archives name, and `FOLDER/*` for each folder."""
        folders = {folder for folder, _ in [*self._annotations, *self._pictures]}
        return sorted([*self._image_sets, *(f"{folder}/*" for folder in folders)])

    def image_set(self, image_set: str) -> list[str]:
        """The picture ids of an image set such as `VOC2007/trainval`, or of `FOLDER/*`: all that there are, sorted."""
        folder, _, name = image_set.partition("/")
        everything = {id for of, id in [*self._annotations, *self._pictures] if of == folder}
        if name == "*" and everything:
            return sorted(everything)
        if image_set not in self._image_sets:
            known = ", ".join(self.image_sets) or "none"
            raise UserError(f"image set {image_set!r} is in no archive; there are: {known}")
        lines = []
        for member in self._image_sets[image_set]:
            try:
                lines += member.read().decode("utf-8-sig").splitlines()
            except UnicodeDecodeError:
                raise UserError(f"{member.name} is not text") from None
        # VOC's own lines may end in a flag; an id of one's own may have spaces.
        return [line.strip() if line.strip() in everything else line.split()[0] for line in lines if line.strip()]

    def pictures(self) -> list[Member]:
        """Every picture that there is."""
        return [member for members in self._pictures.values() for member in members]

    def entry(self, folder: str, id: str) -> Entry:
        """What there is of one picture."""
        return Entry(id, folder, self._annotations.get((folder, id), ()), self._pictures.get((folder, id), ()))

    def __enter__(self) -> "Archives":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()


class _Header(tarfile.TarInfo):
    """A member's header that does not pull an endless name or note into memory."""

    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        if not self.isreg() and self.size > _LONGEST_HEADER and not self.issparse():
            raise tarfile.ReadError(f"a header of {self.size} bytes")
        return super()._proc_member(tar)  # type: ignore[misc]  # meant to be overridden, says tarfile, yet private


def _origin(header: tarfile.TarInfo) -> str:
    """What whoever packed the archive says of where the member came from; it is shown in messages and nowhere else."""
    origin = header.pax_headers.get(ORIGIN_HEADER, "")
    return origin if origin.isprintable() and len(origin) <= _LONGEST_NAME else ""


def _layout(name: str, archive: str) -> tuple[str, str, str]:
    """The set's folder, VOC's own below it, and the file's name; no such folder where it is another kind of file."""
    path, _, file = name[-_LONGEST_NAME:].rpartition("/")
    for kind in _LARGEST:
        above, found, rest = f"/{path}".rpartition(f"/{kind}")
        if found and not rest and not file.startswith("."):
            folder = above.rpartition("/")[2]
            return (archive if folder in ("", ".") else folder), kind, file
    return "", "", ""


def _mistrust(header: tarfile.TarInfo, kind: str, end: int) -> tuple[str, str] | None:
    """Why a member is not read: its kind of problem, and what was found."""
    if header.name.startswith("/") or ".." in header.name.split("/") or len(header.name) > _LONGEST_NAME:
        return "hostile name", "absolute, with `..`, or endless"
    if not header.name.isprintable():  # what is no UTF-8 is not, either
        return "unreadable name", f"{header.name!r}, expected printable UTF-8"
    if not header.isreg() or header.issparse():
        return "not a plain file", "a link, a device or a file with holes, which is never followed"
    if header.size > _LARGEST[kind] or header.offset_data + header.size > end:
        return "absurd size", f"{header.size} bytes, expected at most {_LARGEST[kind]}"
    return None


def _require_whole(path: Path, file: BinaryIO) -> None:
    """A whole tar closes with two blocks of zeros; python takes a file that was cut between members for a whole one."""
    if file.read(6).startswith(_COMPRESSED):
        raise UserError(f"{path}: it is compressed: unpack it to a plain tar first (gunzip, bunzip2, unxz)")
    file.seek(max(file.seek(0, os.SEEK_END) - len(_END), 0))
    if file.read() != _END:
        raise tarfile.ReadError("it is cut off")
    file.seek(0)


def _require_nothing_after(file: BinaryIO, end: int) -> None:
    """Python takes a damaged header for the end of the archive, and zeros in its middle, too."""
    file.seek(end)
    while some := file.read(_AT_ONCE):
        if any(some):
            raise tarfile.ReadError(f"it is damaged at byte {end}, or something follows its end")
