"""Opening a picture that somebody else made: in which formats, and what is refused before it is decoded."""

import io
import re

from PIL import ExifTags, Image

from octet.sources.voc.problem import BadPictureError, Problem

FORMATS = ("JPEG", "PNG", "BMP", "WEBP")
MOST_PIXELS = 64_000_000
UPRIGHT, ON_ITS_SIDE = 1, (5, 6, 7, 8)  # EXIF's orientations

_MOST_SCANS = 100  # of a JPEG; progressive ones have about ten, and each is a pass over all pixels
_MOST_SEGMENTS = 1_000  # of a JPEG; Pillow copies all EXIF data before each further piece of it
_MARKER = re.compile(rb"\xff([^\x00\xff])")  # of any number of 0xff before it, the last
_START_OF_SCAN, _END_OF_PICTURE = 0xDA, 0xD9
_ALONE = (*range(0xC0), *range(0xD0, 0xD9))  # markers that no length follows

Image.MAX_IMAGE_PIXELS = None  # MOST_PIXELS is checked instead


def open_picture(content: bytes, file: str, formats: tuple[str, ...] = FORMATS) -> Image.Image:
    """Open a picture, not decoded yet; one that would take too long or too much memory is a BadPictureError.

    `file` names it there. Pillow raises an UnidentifiedImageError for a file in no known format, and errors of any kind
    for a broken one.
    """
    if content.startswith(b"\xff\xd8"):
        _require_few_scans(content, file)
    image = Image.open(io.BytesIO(content), formats=formats)
    if image.width * image.height > MOST_PIXELS:
        found = f"{image.width} x {image.height} pixels, expected at most {MOST_PIXELS:,}"
        raise BadPictureError(Problem(file, "", "absurd size", found))
    return image


def read_orientation(image: Image.Image) -> int:
    """Read EXIF's orientation, 1 to 8; upright (1) if there is none or it cannot be read."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, UPRIGHT)
    except Exception:  # broken EXIF data in a good picture
        return UPRIGHT
    return orientation if orientation in range(1, 9) else UPRIGHT


def _require_few_scans(jpeg: bytes, file: str) -> None:
    scans = segments = position = 0
    while (marker := _MARKER.search(jpeg, position)) and (code := marker[1][0]) != _END_OF_PICTURE:
        position = marker.end()
        if code in _ALONE:
            continue
        position += int.from_bytes(jpeg[position : position + 2])
        segments += 1
        scans += code == _START_OF_SCAN
        if segments > _MOST_SEGMENTS:
            raise BadPictureError(Problem(file, "", "absurd size", f"a JPEG of more than {_MOST_SEGMENTS:,} segments"))
    if scans > _MOST_SCANS:
        found = f"a JPEG of {scans} scans, expected at most {_MOST_SCANS}"
        raise BadPictureError(Problem(file, "", "absurd size", found))
