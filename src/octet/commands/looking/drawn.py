"""The drawn copies: a JPEG of a picture, a video of what moves, never half of one under its name."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from PIL import Image

from octet.commands.looking.sources import DRAWN, Pixels, Source
from octet.common.errors import UserError
from octet.common.files import atomic_write

_QUALITY = 92
_CODEC = "mp4v"  # the one that OpenCV's builds have everywhere

Write = Callable[[Pixels], None]


class Places:
    """Where copies go: beside what they are of, or all into one folder, where no two take the same name."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._taken: set[Path] = set()

    def of(self, source: Source) -> Path:
        """The file for a source's copy."""
        place = source.place
        if self._folder:
            place = self._folder / place.name
        ending = ".mp4" if source.rate else ".jpg"
        candidates = (place.with_name(f"{place.name}{number}{DRAWN}{ending}") for number in _numbers())
        chosen = next(path for path in candidates if path not in self._taken)
        self._taken.add(chosen)
        return chosen


@contextmanager
def writer(place: Path, rate: float | None) -> Iterator[Write]:
    """Takes one picture, or where there is a rate any number; the file is there when all are in."""
    if rate is None:
        with atomic_write(place) as partial:
            yield lambda picture: Image.fromarray(picture).save(partial, "JPEG", quality=_QUALITY)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=place.parent) as folder:  # for a name's ending says what kind of video is written
        video = _Video(Path(folder, place.name), rate)
        try:
            yield video.add
        finally:
            video.close()
        Path(folder, place.name).replace(place)


class _Video:
    """Opened by its first picture, which tells the size."""

    def __init__(self, file: Path, rate: float) -> None:
        self._file, self._rate = file, rate
        self._open: cv2.VideoWriter | None = None

    def add(self, picture: Pixels) -> None:
        if not self._open:
            height, width = picture.shape[:2]
            code = cv2.VideoWriter.fourcc(*_CODEC)
            self._open = cv2.VideoWriter(str(self._file), cv2.CAP_FFMPEG, code, self._rate, (width, height))
            if not self._open.isOpened():
                raise UserError(f"{self._file.name}: OpenCV cannot write a video here")
        self._open.write(np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)))

    def close(self) -> None:
        if self._open:
            self._open.release()


def _numbers() -> Iterator[str]:
    yield ""
    number = 2
    while True:
        yield f"-{number}"
        number += 1
