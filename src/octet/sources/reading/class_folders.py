"""Read archives of class folders, [.../]CLASS/PICTURE, without extracting them, and assign the pictures to splits.

The folder that holds the class folders is an image set, such as `flowers/train`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from octet.common.chance import by_chance
from octet.common.errors import UserError
from octet.common.wording import list_names
from octet.recipe.shared.dataset import Splits
from octet.sources.reading.split import PRIORITY, held_out_split
from octet.sources.reading.tar import Member, Tars
from octet.sources.voc.annotation import LONGEST_CLASS
from octet.sources.voc.layout import MOST_BYTES, PICTURE_SUFFIXES, PICTURES
from octet.sources.voc.problem import Problem

_NOT_OF_THE_DATA = ("__MACOSX", "Thumbs.db", "desktop.ini")  # what systems put into folders


@dataclass(frozen=True)
class ClassPicture:
    """A picture of an archive: its path there, which is its id, and the folder that it lies in."""

    id: str
    class_name: str
    member: Member

    @property
    def name_in_class(self) -> str:
        """The class and the name alone: what decides, so that the same is held out wherever the folder lies."""
        return "/".join(self.id.split("/")[-2:])

    @property
    def origin(self) -> str:
        """The user's name for the file, for messages."""
        return self.member.origin or self.id


class ClassFolders:
    """Several archives of class folders as one set of pictures; `problems` lists the members that are not read."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._tars = Tars(paths, _most_bytes)
        self.problems = self._tars.problems
        self._files = [
            (_place(member.name, archive), _parts(member.name), member) for archive, member in self._tars.members
        ]
        inside = {parts[:-2] for _, parts, _ in self._files} | {_parts(name)[:-1] for _, name in self._tars.folders}
        self._folders = [  # that hold no others, since those would be the classes
            _place(f"{name}/file", archive)[:-1] for archive, name in self._tars.folders if _parts(name) not in inside
        ]

    @property
    def image_sets(self) -> list[str]:
        """List the folders that hold folders with pictures."""
        return sorted({"/".join(path[:-2]) for path, _, _ in self._files if len(path) > 2 and _is_picture(path)})

    def assign(self, splits: Splits) -> tuple[dict[str, list[ClassPicture]], list[Problem]]:
        """Return the pictures of each split, and what lies in the image sets but cannot be used.

        The classes are mixed: what looks at the first pictures alone, such as calibration, has to see all of them.
        """
        split_of = self._split_of(splits)
        assigned: dict[str, list[ClassPicture]] = {"train": [], "val": [], "test": []}
        problems, seen, used_folders = [], set[str](), set[str]()
        for place, parts, member in sorted(self._files, key=lambda file: file[0]):
            is_in_set = "/".join(parts[:-1]) in split_of  # and in no class folder
            path = parts if is_in_set else place
            id = "/".join(path)
            picture = ClassPicture(id, path[-2] if len(path) > 1 else "", member)
            split = split_of.get("/".join(path[:-2]))
            problem = _find_problem(picture, split is not None, split_of, seen)
            if problem:
                problems.append(problem)
            elif split:
                seen.add(id)
                used_folders.add("/".join(path[:-1]))
                target = held_out_split(picture.name_in_class, splits) if split == "train" else split
                assigned[target].append(picture)
        for folder in sorted(set(self._folders)):
            if "/".join(folder[:-1]) in split_of and "/".join(folder) not in {*used_folders, *split_of}:
                problems.append(Problem("/".join(folder), "", "empty class", "a folder without pictures", "file"))
        return {split: sorted(pictures, key=_chance) for split, pictures in assigned.items()}, problems

    def _split_of(self, splits: Splits) -> dict[str, str]:
        """Map each image set that is used to its split."""
        known, split_of = self.image_sets, dict[str, str]()
        for split in PRIORITY:
            image_sets = getattr(splits, split)
            for image_set in image_sets if isinstance(image_sets, tuple) else ():
                if image_set not in known:
                    raise UserError(
                        f"image set {image_set!r} is in no archive: no folder of this name holds class folders with "
                        f"pictures; there are: {list_names(known) or 'none'}"
                    )
                if image_set in split_of:
                    raise UserError(f"image set {image_set!r} is used for {split_of[image_set]} and for {split}")
                split_of[image_set] = split
        return split_of

    def __enter__(self) -> "ClassFolders":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tars.__exit__(kind, error, trace)


def _chance(picture: ClassPicture) -> bytes:
    return by_chance(picture.name_in_class)


def _most_bytes(name: str, archive: str) -> int:
    """Return the largest size of a file; 0 for what is hidden, and what systems put beside pictures."""
    path = _place(name, archive)
    hidden = any((part.startswith(".") and part != "..") or part in _NOT_OF_THE_DATA for part in path)
    return 0 if hidden else MOST_BYTES[PICTURES]


def _place(name: str, archive: str) -> tuple[str, ...]:
    """Split a member's path into its parts; where it has no folder above that of the class, the archive is it."""
    parts = _parts(name)
    return parts if len(parts) > 2 else (archive, *parts)


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part for part in name.split("/") if part not in ("", "."))


def _is_picture(path: Sequence[str]) -> bool:
    return path[-1].rpartition(".")[2].lower() in PICTURE_SUFFIXES


def _find_problem(picture: ClassPicture, is_used: bool, used: dict[str, str], seen: set[str]) -> Problem | None:
    """Return why a file in an image set cannot be used; None if it can be, or lies elsewhere."""
    *folders, name = picture.id.split("/")
    is_picture, field = _is_picture([name]), f"class {picture.class_name!r}"
    if is_used:
        if not is_picture:
            found = f"pictures end in {', '.join(PICTURE_SUFFIXES)}"
            return Problem(picture.origin, field, "not a picture", found, skipped="file")
        if len(picture.class_name) > LONGEST_CLASS:
            found = f"expected at most {LONGEST_CLASS} characters"
            return Problem(picture.origin, f"class {picture.class_name[:LONGEST_CLASS]!r}...", "not a name", found)
        if picture.id in seen:
            return Problem(picture.origin, field, "duplicate id", f"{picture.id} is in the archives twice")
        return None
    if not is_picture:
        return None
    if "/".join(folders) in used:
        return Problem(picture.origin, "", "no class", "expected in a folder that is named like its class")
    if any("/".join(folders[:depth]) in used for depth in range(1, len(folders))):
        return Problem(picture.origin, "", "too deep", "expected directly in the folder of its class")
    return None
