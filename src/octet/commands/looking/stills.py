"""Single pictures: in a file, behind an address, or on standard input."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
from numpy.typing import NDArray
from PIL import ImageOps, UnidentifiedImageError

from octet.commands.looking.content import STDIN, is_address, read_content
from octet.common.errors import UserError
from octet.sources.reading.picture import to_rgb
from octet.sources.voc.problem import BadPictureError
from octet.sources.voc.untrusted_picture import FORMATS, open_picture

Pixels = NDArray[np.uint8]  # RGB [H, W, 3]

LONGEST_SIDE = 65_500  # px, the most that a JPEG can have

_FORMATS = (*FORMATS, "GIF", "TIFF", "PPM")


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
        if is_address(self.name):
            return Path(_stem_of_address(self.name))
        return Path(self.name).with_suffix("")

    def frames(self) -> Iterator[Pixels]:
        yield decode_picture(read_content(self.name), self.name)


def decode_picture(content: bytes, name: str) -> Pixels:
    """A picture of any kind as RGB [H, W, 3], turned as its EXIF says."""
    try:
        with open_picture(content, name, _FORMATS) as image:
            size = image.size
            pixels = None if max(size) > LONGEST_SIDE else np.asarray(to_rgb(ImageOps.exif_transpose(image)))
    except BadPictureError as error:
        raise UserError(str(error.problem)) from None
    except UnidentifiedImageError:
        raise UserError(f"{name}: not a picture: it begins with {content[:8]!r}") from None
    except Exception as error:  # Pillow's parsers raise errors of any kind, and one broken file must not end the run
        raise UserError(f"{name}: a broken picture: {error or type(error).__name__}") from None
    if pixels is None:
        raise UserError(f"{name}: {size[0]} x {size[1]} pixels, expected sides of at most {LONGEST_SIDE:,}")
    return pixels


def _stem_of_address(address: str) -> str:
    """The name of the file that an address ends in, without its suffix, as a name that any disk takes."""
    try:
        name = Path(unquote(urlsplit(address).path)).name
    except ValueError:
        name = ""
    stem = Path("picture" if name in ("", "..") else name).stem
    return "".join(letter if letter.isprintable() else "_" for letter in stem)
