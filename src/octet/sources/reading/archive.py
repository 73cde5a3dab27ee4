"""Read VOC archives without extracting them: [.../]FOLDER/{Annotations,ImageSets/Main,JPEGImages}."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from octet.common.chance import by_chance
from octet.common.errors import UserError
from octet.sources.reading.tar import LONGEST_NAME, Member, Tars
from octet.sources.voc.layout import ANNOTATIONS, IMAGE_SETS, MOST_BYTES, PICTURE_SUFFIXES, PICTURES


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
        self._annotations: defaultdict[tuple[str, str], list[Member]] = defaultdict(list)
        self._pictures: defaultdict[tuple[str, str], list[Member]] = defaultdict(list)
        self._image_sets: defaultdict[str, list[Member]] = defaultdict(list)
        self._tars = Tars(paths, _most_bytes)
        self.problems = self._tars.problems
        for archive, member in self._tars.members:
            folder, kind, file = _locate(member.name, archive)
            name = f"{folder}/{kind}/{file}"
            self._add(folder, kind, replace(member, name=name, origin=member.origin or name))

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
        """Read the picture ids of an image set such as `VOC2007/trainval`; `FOLDER/*` gives all of a folder.

        The latter in no order of their names, for what looks at the first pictures alone, such as calibration.
        """
        folder, _, name = image_set.partition("/")
        ids = {id for id_folder, id in [*self._annotations, *self._pictures] if id_folder == folder}
        if name == "*" and ids:
            return sorted(ids, key=by_chance)
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

    def entry(self, folder: str, id: str) -> Entry:
        """Return the members that belong to the picture `id` of a folder."""
        return Entry(id, folder, self._annotations.get((folder, id), ()), self._pictures.get((folder, id), ()))

    def __enter__(self) -> "Archives":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tars.__exit__(kind, error, trace)


def _most_bytes(name: str, archive: str) -> int:
    """Return the largest size of a file in one of VOC's folders; 0 for all other members."""
    return MOST_BYTES.get(_locate(name, archive)[1], 0)


def _locate(name: str, archive: str) -> tuple[str, str, str]:
    """Split a member's path into the set's folder, VOC's folder in it and the file name; all empty for other files."""
    path, _, file = name[-LONGEST_NAME:].rpartition("/")
    for kind in MOST_BYTES:
        parent, separator, remainder = f"/{path}".rpartition(f"/{kind}")
        if separator and not remainder and not file.startswith("."):
            folder = parent.rpartition("/")[2]
            return (archive if folder in ("", ".") else folder), kind, file
    return "", "", ""
