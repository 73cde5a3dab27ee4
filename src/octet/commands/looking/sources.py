"""What to look at: pictures, folders, patterns, videos, cameras, addresses and standard input, by one word each."""

import glob
import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPException
from pathlib import Path
from typing import Protocol
from urllib.error import URLError
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from octet.common.errors import UserError
from octet.common.silence import silence
from octet.sources.reading.picture import MOST_PIXELS, to_rgb

Pixels = NDArray[np.uint8]  # RGB [H, W, 3]

STDIN = "-"
DRAWN = ".detected"  # in the names of what we write, which is not to be looked at again

_PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"}
_VIDEOS = {".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ogv"}
_LONGEST_SIDE = 65_500  # px, that a JPEG can have
_MOST_BYTES = 100_000_000  # that an address may send
_PATIENCE = 30  # s of silence
_USUAL_RATE = 25.0  # pictures a second, where none is told
_COMPLETE = 0.9  # of the pictures that a video says it has, which is an estimate


class Source(Protocol):
    """One thing to look at."""

    @property
    def name(self) -> str:
        """As the user knows it."""

    @property
    def place(self) -> Path:
        """Where the drawn copy goes, but for its ending."""

    @property
    def rate(self) -> float | None:
        """Pictures a second of a moving one."""

    @property
    def length(self) -> int | None:
        """How many pictures there are, where that is known."""

    def frames(self) -> Iterator[Pixels]:
        """What is to be seen, upright."""


@dataclass(frozen=True)
class Still:
    """A picture in a file, behind an address, or on standard input."""

    name: str
    rate: None = None
    length: int = 1

    @property
    def place(self) -> Path:
        if self.name == STDIN:
            return Path("stdin")
        if _is_address(self.name):
            last = Path(unquote(urlsplit(self.name).path)).name
            return Path("picture" if last in ("", "..") else last).with_suffix("")
        return Path(self.name).with_suffix("")

    def frames(self) -> Iterator[Pixels]:
        yield decode(self._content(), self.name)

    def _content(self) -> bytes:
        if self.name == STDIN:
            return sys.stdin.buffer.read()
        if _is_address(self.name):
            return _fetch(self.name)
        try:
            return Path(self.name).read_bytes()
        except OSError as error:
            raise UserError(f"{self.name}: cannot be read: {error.strerror}") from None


@dataclass(frozen=True)
class Moving:
    """A video, or a camera by its number."""

    name: str
    opens: str | int

    @property
    def place(self) -> Path:
        return Path(f"camera{self.name}" if isinstance(self.opens, int) else self.name).with_suffix("")

    @property
    def rate(self) -> float:
        return self._video.get(cv2.CAP_PROP_FPS) or _USUAL_RATE

    @property
    def length(self) -> int | None:
        count = int(self._video.get(cv2.CAP_PROP_FRAME_COUNT))
        return count if count > 0 else None

    def frames(self) -> Iterator[Pixels]:
        count, told = 0, self.length
        try:
            while (read := self._video.read())[0]:
                yield np.asarray(cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB), np.uint8)
                count += 1
        finally:
            self._video.release()
            del self.__dict__["_video"]  # or all videos of a folder stay open
        if count == 0:
            raise UserError(f"{self.name}: no picture comes from it")
        if told and count < _COMPLETE * told:
            raise UserError(f"{self.name}: breaks off after {count} of {told} pictures")

    @cached_property
    def _video(self) -> cv2.VideoCapture:
        with silence():  # its back ends complain each for itself
            video = cv2.VideoCapture(self.opens)
        if not video.isOpened():
            what = f"no camera {self.name} here" if isinstance(self.opens, int) else f"{self.name}: not a video"
            raise UserError(f"{what} that can be opened")
        return video


def find_sources(words: Sequence[str]) -> list[Source]:
    """What the words stand for, in their order; a folder's and a pattern's files by name."""
    return [source for word in words for source in _of(word)]


def decode(content: bytes, name: str) -> Pixels:
    """Any kind of picture as RGB, turned as its EXIF says."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            too_large = image.width * image.height > MOST_PIXELS or max(image.size) > _LONGEST_SIDE
            pixels = None if too_large else np.asarray(to_rgb(ImageOps.exif_transpose(image)))
            size = image.size
    except UnidentifiedImageError:
        raise UserError(f"{name}: not a picture: it begins with {content[:8]!r}") from None
    except Exception as error:  # whatever Pillow's parsers stumble over: one broken file is not to end the run
        raise UserError(f"{name}: a broken picture: {error or type(error).__name__}") from None
    if pixels is None:
        raise UserError(f"{name}: {size[0]} x {size[1]} pixels are more than can be looked at")
    return pixels


def _of(word: str) -> Iterator[Source]:
    path = Path(word)
    if word == STDIN or _is_address(word):
        yield Still(word)
    elif path.is_dir():
        yield from _files(sorted(path.iterdir()), f"{word}: no picture and no video in this folder")
    elif path.exists():
        yield _file(path)
    elif word.isdigit():
        yield Moving(word, int(word))
    elif glob.has_magic(word):
        fitting = sorted(glob.glob(word, recursive=True))  # noqa: PTH207  # Path's takes no absolute pattern
        yield from _files(map(Path, fitting), f"{word}: no picture and no video fits")
    else:
        raise UserError(f"{word}: no such file or folder")


def _files(paths: Iterable[Path], otherwise: str) -> Iterator[Source]:
    """Those that look like pictures and videos; a link to nowhere is one that cannot be read."""
    known = [
        path
        for path in paths
        if path.suffix.lower() in _PICTURES | _VIDEOS and DRAWN not in path.suffixes and not path.is_dir()
    ]
    if not known:
        raise UserError(otherwise)
    yield from map(_file, known)


def _file(path: Path) -> Source:
    name = str(path)
    return Moving(name, name) if path.suffix.lower() in _VIDEOS else Still(name)


def _is_address(word: str) -> bool:
    return word.startswith(("http://", "https://"))


def _fetch(address: str) -> bytes:
    try:
        with urlopen(Request(address, headers={"User-Agent": "octet"}), timeout=_PATIENCE) as response:
            content: bytes = response.read(_MOST_BYTES + 1)
    except (URLError, OSError, HTTPException, ValueError) as error:
        raise UserError(f"{address}: {error or type(error).__name__}") from None
    if len(content) > _MOST_BYTES:
        raise UserError(f"{address}: more than {_MOST_BYTES:,} bytes")
    return content
