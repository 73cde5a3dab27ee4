"""Where pictures come from: files, folders, patterns, videos, cameras, addresses and standard input."""

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
COPY_SUFFIX = ".detected"  # in the names of drawn copies, which a folder's pictures do not include

_PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"}
_VIDEOS = {".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ogv"}
_LONGEST_SIDE = 65_500  # px, the most that a JPEG can have
_MOST_BYTES = 100_000_000  # that an address may send
_TIMEOUT = 30  # s without a byte
_DEFAULT_FRAME_RATE = 25.0  # frames a second, where a video does not name its own
_COMPLETE = 0.9  # of the frame count that a video names, which is an estimate


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


@dataclass(frozen=True)
class StillPicture:
    """A picture in a file, behind an address, or on standard input."""

    name: str
    frame_rate: None = None
    frame_count: int = 1

    @property
    def copy_stem(self) -> Path:
        if self.name == STDIN:
            return Path("stdin")
        if _is_address(self.name):
            last = Path(unquote(urlsplit(self.name).path)).name
            return Path("picture" if last in ("", "..") else last).with_suffix("")
        return Path(self.name).with_suffix("")

    def frames(self) -> Iterator[Pixels]:
        yield decode_picture(self._content(), self.name)

    def _content(self) -> bytes:
        if self.name == STDIN:
            return sys.stdin.buffer.read()
        if _is_address(self.name):
            return _download(self.name)
        try:
            return Path(self.name).read_bytes()
        except OSError as error:
            raise UserError(f"{self.name}: cannot be read: {error.strerror}") from None


@dataclass(frozen=True)
class Video:
    """A video in a file, or a camera by its number."""

    name: str
    device: str | int  # as OpenCV opens it: a path, or a camera's number

    @property
    def copy_stem(self) -> Path:
        return Path(f"camera{self.name}" if isinstance(self.device, int) else self.name).with_suffix("")

    @property
    def frame_rate(self) -> float:
        return self._capture.get(cv2.CAP_PROP_FPS) or _DEFAULT_FRAME_RATE

    @property
    def frame_count(self) -> int | None:
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        return count if count > 0 else None

    def frames(self) -> Iterator[Pixels]:
        count, expected = 0, self.frame_count
        try:
            while (read := self._capture.read())[0]:
                yield np.asarray(cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB), np.uint8)
                count += 1
        finally:
            self._capture.release()
            del self.__dict__["_capture"]  # or all videos of a folder stay open
        if count == 0:
            raise UserError(f"{self.name}: no picture comes from it")
        if expected and count < _COMPLETE * expected:
            raise UserError(f"{self.name}: breaks off after {count} of {expected} pictures")

    @cached_property
    def _capture(self) -> cv2.VideoCapture:
        with silence():  # each of OpenCV's back ends complains by itself
            capture = cv2.VideoCapture(self.device)
        if not capture.isOpened():
            what = f"no camera {self.name} here" if isinstance(self.device, int) else f"{self.name}: not a video"
            raise UserError(f"{what} that can be opened")
        return capture


def find_sources(words: Sequence[str]) -> list[PictureSource]:
    """The sources that the words name, in their order; the files of a folder or a pattern are ordered by name."""
    return [source for word in words for source in _sources_of(word)]


def decode_picture(content: bytes, name: str) -> Pixels:
    """A picture of any kind as RGB [H, W, 3], turned as its EXIF says."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            too_large = image.width * image.height > MOST_PIXELS or max(image.size) > _LONGEST_SIDE
            pixels = None if too_large else np.asarray(to_rgb(ImageOps.exif_transpose(image)))
            size = image.size
    except UnidentifiedImageError:
        raise UserError(f"{name}: not a picture: it begins with {content[:8]!r}") from None
    except Exception as error:  # Pillow's parsers raise errors of any kind, and one broken file must not end the run
        raise UserError(f"{name}: a broken picture: {error or type(error).__name__}") from None
    if pixels is None:
        limits = f"at most {MOST_PIXELS:,} are read, and a side of {_LONGEST_SIDE:,}"
        raise UserError(f"{name}: {size[0]} x {size[1]} pixels are too many: {limits}")
    return pixels


def _sources_of(word: str) -> Iterator[PictureSource]:
    path = Path(word)
    if word == STDIN or _is_address(word):
        yield StillPicture(word)
    elif path.is_dir():
        yield from _files(sorted(path.iterdir()), f"{word}: no picture and no video in this folder")
    elif path.exists():
        yield _file(path)
    elif word.isdigit():
        yield Video(word, int(word))
    elif glob.has_magic(word):
        matches = sorted(glob.glob(word, recursive=True))  # noqa: PTH207  # Path's takes no absolute pattern
        yield from _files(map(Path, matches), f"{word}: no picture and no video fits")
    else:
        raise UserError(f"{word}: no such file or folder")


def _files(paths: Iterable[Path], if_none: str) -> Iterator[PictureSource]:
    """The pictures and videos among the paths; a broken link is one of them, and cannot be read later."""
    known = [
        path
        for path in paths
        if path.suffix.lower() in _PICTURES | _VIDEOS and COPY_SUFFIX not in path.suffixes and not path.is_dir()
    ]
    if not known:
        raise UserError(if_none)
    yield from map(_file, known)


def _file(path: Path) -> PictureSource:
    name = str(path)
    return Video(name, name) if path.suffix.lower() in _VIDEOS else StillPicture(name)


def _is_address(word: str) -> bool:
    return word.startswith(("http://", "https://"))


def _download(address: str) -> bytes:
    try:
        with urlopen(Request(address, headers={"User-Agent": "octet"}), timeout=_TIMEOUT) as response:
            content: bytes = response.read(_MOST_BYTES + 1)
    except (URLError, OSError, HTTPException, ValueError) as error:
        raise UserError(f"{address}: {error or type(error).__name__}") from None
    if len(content) > _MOST_BYTES:
        raise UserError(f"{address}: more than {_MOST_BYTES:,} bytes")
    return content
