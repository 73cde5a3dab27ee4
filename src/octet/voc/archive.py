"""VOC archives, read straight from the tar: VOCdevkit/FOLDER/{Annotations,ImageSets/Main,JPEGImages}."""

import io
import os
import re
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from octet.errors import UserError
from octet.files import whole_file
from octet.voc.annotation import Annotation, parse

_LAYOUT = re.compile(
    r"(?:\./)?VOCdevkit/(?P<folder>[^/]+)/(?P<kind>Annotations|ImageSets/Main|JPEGImages)/(?P<name>[^/]+)"
)

_END = bytes(2 * tarfile.BLOCKSIZE)


class Archives:
    """Several VOC tars seen as one set; nothing is extracted."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._open = ExitStack()
        self._names = ", ".join(path.name for path in paths)
        self._members: dict[str, tuple[tarfile.TarFile, tarfile.TarInfo]] = {}
        for path in paths:
            try:
                tar = self._open.enter_context(tarfile.open(path, "r:"))  # noqa: SIM115  # the stack closes it
                _require_end(path)
                self._index(tar)
            except (tarfile.TarError, EOFError) as error:
                raise UserError(f"{path}: not a whole tar archive ({error}); delete it and run fetch again") from None

    def _index(self, tar: tarfile.TarFile) -> None:
        for member in tar:
            match = _LAYOUT.fullmatch(member.name)
            if match and member.isreg():
                self._members["{folder}/{kind}/{name}".format(**match.groupdict())] = (tar, member)

    def image_set(self, image_set: str) -> list[str]:
        """The picture ids of an image set such as `VOC2007/trainval`."""
        folder, _, name = image_set.partition("/")
        known = sorted(
            key.replace("/ImageSets/Main/", "/").removesuffix(".txt")
            for key in self._members
            if "/ImageSets/Main/" in key
        )
        if image_set not in known:
            raise UserError(f"image set {image_set!r} is in no archive; there are: {', '.join(known) or 'none'}")
        return [
            line.split()[0] for line in self._text(f"{folder}/ImageSets/Main/{name}.txt").splitlines() if line.strip()
        ]

    def pictures(self, image_sets: Iterable[str]) -> Iterator[tuple[Annotation, bytes]]:
        """Annotation and JPEG bytes of every picture of the image sets, in their order."""
        for image_set in image_sets:
            folder = image_set.partition("/")[0]
            for id in self.image_set(image_set):
                yield self.annotation(folder, id), self.picture(folder, id)

    def annotation(self, folder: str, id: str) -> Annotation:
        """The annotation of one picture; where it lies decides its id, whatever it says of itself."""
        name = f"{folder}/Annotations/{id}.xml"
        return replace(parse(self._bytes(name), name), id=id, folder=folder)

    def picture(self, folder: str, id: str) -> bytes:
        """The JPEG bytes of one picture."""
        return self._bytes(f"{folder}/JPEGImages/{id}.jpg")

    def _text(self, name: str) -> str:
        return self._bytes(name).decode()

    def _bytes(self, name: str) -> bytes:
        if name not in self._members:
            raise UserError(f"{name} is in none of the archives: {self._names}")
        tar, member = self._members[name]
        content = tar.extractfile(member)
        assert content is not None  # only regular files are indexed
        return content.read()

    def __enter__(self) -> "Archives":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()


def _require_end(path: Path) -> None:
    """A whole tar closes with two blocks of zeros; python takes a file that was cut between members for a whole one."""
    with path.open("rb") as file:
        file.seek(max(file.seek(0, os.SEEK_END) - len(_END), 0))
        if file.read() != _END:
            raise tarfile.ReadError("it is cut off")


def write_archive(path: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write a tar whose bytes depend on names and contents alone."""
    with whole_file(path) as partial, tarfile.open(partial, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files:
            member = tarfile.TarInfo(name)  # owner, time and mode stay at their constant defaults
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
