"""One picture: whole, upright, a JPEG of three channels, or made so; or the reason why not."""

import io
from dataclasses import dataclass

import numpy as np
import simplejpeg
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from octet.sources.voc.problem import BadPictureError, Problem

Size = tuple[int, int]  # width, height

_FORMATS = ("JPEG", "PNG", "BMP", "WEBP")
_JPEG = ("JPEG", "MPO")  # MPO: a camera's, with a preview behind
MOST_PIXELS = 64_000_000
_QUALITY = 95
_UPRIGHT, _ON_ITS_SIDE = 1, (5, 6, 7, 8)  # EXIF's orientations

Image.MAX_IMAGE_PIXELS = None  # the limit is ours


@dataclass(frozen=True)
class Picture:
    """A JPEG that needs no more care, and what had to be done for that."""

    jpeg: bytes
    size: Size
    repairs: tuple[str, ...]


def inspect(content: bytes, stated: Size | None, file: str) -> Picture:
    """See that a picture can be decoded to its end, and mend what can be mended without doubt.

    `stated` is the size that the annotation gives, if it does: it tells whether the boxes were drawn before or after
    the camera's orientation was heeded.
    """
    try:
        image = Image.open(io.BytesIO(content), formats=_FORMATS)
        if image.width * image.height > MOST_PIXELS:
            raise _bad(file, "absurd size", f"{image.width} x {image.height} pixels")
        orientation = _orientation(image)
        turned = orientation != _UPRIGHT and _boxes_are_turned(orientation, image.size, stated, file)
        size = image.size[::-1] if turned else image.size
        if stated and stated != size:
            found = f"{stated[0]} x {stated[1]} in the annotation, {size[0]} x {size[1]} in the picture"
            raise _bad(file, "size disagrees", found)
        repairs = _repairs(image, orientation, turned) or _defects(content, file)
        if repairs:
            content = _encode(ImageOps.exif_transpose(image) if turned else image)
    except BadPictureError:
        raise
    except UnidentifiedImageError:
        raise _bad(file, "undecodable picture", f"it begins with {content[:8]!r}") from None
    except Exception as error:  # whatever Pillow's parsers stumble over: one broken file is not to end the run
        raise _bad(file, "undecodable picture", f"{type(error).__name__}: {error}") from None
    return Picture(content, size, repairs if stated else (*repairs, "size not stated"))


def _orientation(image: Image.Image) -> int:
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, _UPRIGHT)
    except Exception:  # a broken note about a whole picture
        return _UPRIGHT
    return orientation if orientation in range(1, 9) else _UPRIGHT


def _boxes_are_turned(orientation: int, size: Size, stated: Size | None, file: str) -> bool:
    """Whether the annotation's size is that of the turned picture; where it cannot tell, nobody can."""
    if orientation not in _ON_ITS_SIDE or size[0] == size[1] or stated not in (size, size[::-1]):
        found = f"{orientation}: boxes could be meant before or after it; turn the pixels and remove the tag"
        raise _bad(file, "EXIF orientation", found)
    return stated != size


def _repairs(image: Image.Image, orientation: int, turned: bool) -> tuple[str, ...]:
    """What keeps the file from being used as it is, though nothing in it is broken."""
    repairs = []
    if image.format not in _JPEG:
        repairs.append(f"{image.format} to JPEG")
    elif image.mode != "RGB":
        repairs.append({"L": "greyscale", "CMYK": "CMYK"}.get(image.mode, f"mode {image.mode}"))
    if orientation != _UPRIGHT:
        repairs.append("turned as EXIF says" if turned else "EXIF orientation dropped")
    return tuple(repairs)


def _defects(content: bytes, file: str) -> tuple[str, ...]:
    """Decode a plain JPEG to its end; what libjpeg only warns of is grey or garbled from there on."""
    try:
        simplejpeg.decode_jpeg(content)
    except ValueError as error:
        if "extraneous bytes" in str(error):
            return ("stray bytes",)
        if str(error).startswith(("Corrupt", "Premature")):
            raise _bad(file, "truncated or garbled JPEG", str(error)) from None
        return ("unusual JPEG",)  # Pillow has the last word
    return ()


def in_rgb(image: Image.Image) -> Image.Image:
    """Three channels of 8 bits; what shines through is left out."""
    if image.mode.startswith("I"):  # 16 bits, which Pillow would cut off at 255
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return image.convert("RGB")


def _encode(image: Image.Image) -> bytes:
    jpeg = io.BytesIO()
    in_rgb(image).save(jpeg, "JPEG", quality=_QUALITY, subsampling=0)
    return jpeg.getvalue()


def _bad(file: str, kind: str, found: str) -> BadPictureError:
    return BadPictureError(Problem(file, "", kind, found))
