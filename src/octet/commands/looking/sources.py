"""Where pictures come from: files, folders, patterns, videos, cameras, addresses and standard input."""

from collections.abc import Iterable, Iterator, Sequence
from glob import has_magic
from pathlib import Path
from typing import Protocol

from octet.commands.looking.content import STDIN, is_address
from octet.commands.looking.stills import Pixels, StillPicture
from octet.commands.looking.videos import Video
from octet.common.drawn_copies import is_drawn_copy
from octet.common.errors import UserError

_PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"}
_VIDEOS = {".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ogv"}
_LONGEST_NUMBER = 3  # digits of a camera's


class PictureSource(Protocol):
    """A picture, a video or a camera."""

    @property
    def name(self) -> str:
        """The word by which the user knows it."""

    @property
    def copy_stem(self) -> Path:
        """The path of the drawn copy without its suffix."""

    @property
    def frame_rate(self) -> float | None:
        """Frames a second, or None for a single picture."""

    @property
    def frame_count(self) -> int | None:
        """How many frames it has, or None where that is not known."""

    def frames(self) -> Iterator[Pixels]:
        """Its pictures, upright."""


def find_sources(words: Sequence[str]) -> list[PictureSource]:
    """The sources that the words name, in their order; the files of a folder or a pattern are ordered by name."""
    sources: list[PictureSource] = []
    for word in words:
        try:
            sources += _sources_of(word)
        except OSError as error:
            raise UserError(f"{word}: cannot be read: {error.strerror}") from None
    return sources


def _sources_of(word: str) -> Iterator[PictureSource]:
    if not word:  # which Python takes for the current folder
        raise UserError("'': an empty word names no SOURCE; expected one, or . for the current folder")
    path = Path(word)
    if word == STDIN or is_address(word):
        yield StillPicture(word)
    elif path.is_dir():
        shown = (file for file in path.iterdir() if not file.name.startswith("."))
        yield from _files(shown, f"{word}: no picture and no video in this folder")
    elif path.exists():
        yield _file(path)
    elif word.isdecimal() and len(word) <= _LONGEST_NUMBER:
        yield Video(word, int(word))
    elif has_magic(word):
        yield from _files(_matches(path, word), f"{word}: no picture and no video fits")
    else:
        raise UserError(f"{word}: no such file or folder")


def _matches(pattern: Path, word: str) -> Iterator[Path]:
    """The paths that fit, without hidden ones unless the pattern names some; `**` does not follow links to folders."""
    try:
        for path in Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor))):
            if "/." in f"/{word}" or not any(part.startswith(".") for part in path.parts):
                yield path
    except ValueError as error:
        raise UserError(f"{word}: {error}") from None


def _files(paths: Iterable[Path], if_none: str) -> Iterator[PictureSource]:
    """The pictures and videos among the paths; a broken link is one of them, and cannot be read later."""
    known = [
        path
        for path in sorted(paths)
        if path.suffix.lower() in _PICTURES | _VIDEOS and not is_drawn_copy(path) and not _is_folder(path)
    ]
    if not known:
        raise UserError(if_none)
    yield from map(_file, known)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # what it is cannot be told, nor can it be read later
        return False


def _file(path: Path) -> PictureSource:
    name = str(path)
    return Video(name, name) if path.suffix.lower() in _VIDEOS else StillPicture(name)
