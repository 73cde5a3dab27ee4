"""Videos in files, and cameras, as OpenCV reads them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from octet.commands.looking.stills import LONGEST_SIDE, Pixels
from octet.common.errors import UserError, first_line
from octet.common.silence import silence
from octet.sources.voc.untrusted_picture import MOST_PIXELS

# FFmpeg goes by a file's content, whatever its name: without these, that can list other files and addresses to read.
_FFMPEG_OPTIONS = "protocol_whitelist;file|format_whitelist;mov,matroska,avi,mpeg,mpegts,mpegvideo,m4v,ogg"
_DEFAULT_FRAME_RATE = 25.0  # frames a second, where a video does not name its own
_HIGHEST_FRAME_RATE = 1_000.0
_COMPLETE = 0.9  # of the frame count or of the duration that a video names, which are estimates


@dataclass(frozen=True)
class Video:
    """A video in a file, or a camera by its number."""

    name: str
    device: str | int  # a path, or a camera's number

    @property
    def copy_stem(self) -> Path:
        return Path(f"camera{self.name}" if isinstance(self.device, int) else self.name).with_suffix("")

    @property
    def frame_rate(self) -> float:
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        return rate if 0 < rate <= _HIGHEST_FRAME_RATE else _DEFAULT_FRAME_RATE

    @property
    def frame_count(self) -> int | None:
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        return count if count > 0 else None

    def frames(self) -> Iterator[Pixels]:
        count, last, expected, rate = 0, 0.0, self.frame_count, self.frame_rate
        try:
            self._require_drawable()
            while (read := self._capture.read())[0]:
                last = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
                yield np.asarray(cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB), np.uint8)
                count += 1
        except cv2.error as error:
            raise UserError(f"{self.name}: a broken video: {first_line(error)}") from None
        finally:
            self._capture.release()
            del self.__dict__["_capture"]  # or all videos of a folder stay open
        if count == 0:
            raise UserError(f"{self.name}: no picture comes from it")
        # Where the rate varies, a whole video has fewer pictures than its duration and its nominal rate promise.
        end = last * count / max(count - 1, 1)  # the last picture stands as long as the others on average
        if expected and max(count, end * rate) < _COMPLETE * expected:
            raise UserError(f"{self.name}: breaks off after {count} of {expected} pictures")

    def _require_drawable(self) -> None:
        size = [int(self._capture.get(side)) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)]
        if max(size) > LONGEST_SIDE or size[0] * size[1] > MOST_PIXELS:
            limits = f"at most {MOST_PIXELS:,}, and sides of at most {LONGEST_SIDE:,}"
            raise UserError(f"{self.name}: pictures of {size[0]} x {size[1]} pixels, expected {limits}")

    @cached_property
    def _capture(self) -> cv2.VideoCapture:
        with silence():  # each of OpenCV's back ends complains by itself
            if isinstance(self.device, int):
                capture = cv2.VideoCapture(self.device)
            elif os.access(self.device, os.R_OK) and Path(self.device).is_file():
                os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = _FFMPEG_OPTIONS
                # An absolute path, since `concat:` and the like at the beginning of a name make it an address.
                capture = cv2.VideoCapture(str(Path(self.device).absolute()), cv2.CAP_FFMPEG)
            else:
                raise UserError(f"{self.name}: no such file, one that may not be read, or a pipe or a device")
        if not capture.isOpened():
            what = f"no camera {self.name} here" if isinstance(self.device, int) else f"{self.name}: not a video"
            raise UserError(f"{what} that can be opened")
        return capture
