"""The drawn copies: a JPEG for a picture, a video for a video, and never half of one under its final name."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from octet.commands.looking.new_file import new_file
from octet.commands.looking.sources import PictureSource
from octet.commands.looking.stills import Pixels
from octet.common.errors import UserError
from octet.common.silence import silence

_LONGEST_NAME = 255  # bytes
_QUALITY = 92
_CODEC = "mp4v"  # the one that OpenCV's builds have everywhere

Write = Callable[[Pixels], None]


class OutputPaths:
    """Where copies go: beside their originals or all into one folder, where no two get the same name."""

    def __init__(self, folder: Path | None, ending: str) -> None:
        self._folder, self._ending = folder, ending
        self._taken: set[Path] = set()

    def path_for(self, source: PictureSource) -> Path:
        """The file for a source's copy, which no other source gets."""
        stem = source.copy_stem
        folder, ending = self._folder or stem.parent, self._ending + (".mp4" if source.frame_rate else ".jpg")
        candidates = (folder / _shortened(stem.name, number + ending) for number in _numbers())
        place = Path(os.path.realpath(folder))  # one folder can be spelled in many ways, or be a link to itself
        path = next(path for path in candidates if place / path.name not in self._taken)
        self._taken.add(place / path.name)
        return path


@contextmanager
def copy_writer(path: Path, frame_rate: float | None) -> Iterator[Write]:
    """Take one picture, or any number where there is a frame rate; the file appears when all of them are written."""
    with new_file(path) as file:
        if frame_rate is None:
            yield lambda picture: Image.fromarray(picture).save(file, "JPEG", quality=_QUALITY)
            return
        video = _VideoFile(file, frame_rate)
        try:
            yield video.write
        finally:
            video.close()
        video.require_whole()


class _VideoFile:
    """A video that is opened with its first picture, which has the size of all."""

    def __init__(self, file: Path, frame_rate: float) -> None:
        self._file, self._frame_rate = file, frame_rate
        self._writer: cv2.VideoWriter | None = None
        self._count = 0

    def write(self, picture: Pixels) -> None:
        if not self._writer:
            height, width = picture.shape[:2]
            code = cv2.VideoWriter.fourcc(*_CODEC)
            self._writer = cv2.VideoWriter(str(self._file), cv2.CAP_FFMPEG, code, self._frame_rate, (width, height))
            if not self._writer.isOpened():
                raise UserError(f"{self._file.name}: OpenCV cannot write a video here")
        self._writer.write(np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)))
        self._count += 1

    def close(self) -> None:
        if self._writer:
            self._writer.release()

    def require_whole(self) -> None:
        """Raise a UserError where pictures are missing from the file: OpenCV says nothing of a full disk."""
        with silence():
            written = cv2.VideoCapture(str(self._file), cv2.CAP_FFMPEG).get(cv2.CAP_PROP_FRAME_COUNT)
        if self._count and written != self._count:
            raise UserError(f"{self._file.name}: cannot be written whole; is there room on the disk?")


def _shortened(stem: str, ending: str) -> str:
    """The name of a file, of which the stem gets as much as there is room for."""
    room = _LONGEST_NAME - len(ending)
    stem = stem[:room]
    while len(os.fsencode(stem)) > room:
        stem = stem[:-1]
    return stem + ending


def _numbers() -> Iterator[str]:
    yield ""
    number = 2
    while True:
        yield f"-{number}"
        number += 1
