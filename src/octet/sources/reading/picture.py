"""Check that a picture can be decoded, and convert it to an upright JPEG with three channels if it is not one."""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import simplejpeg
from PIL import Image, ImageOps, UnidentifiedImageError

from octet.sources.voc.problem import BadPictureError, Problem
from octet.sources.voc.untrusted_picture import ON_ITS_SIDE, UPRIGHT, open_picture, read_orientation

Size = tuple[int, int]  # width, height

_JPEG = ("JPEG", "MPO")  # MPO: a JPEG of a camera, followed by a preview
_QUALITY = 95  # of JPEGs that are written


@dataclass(frozen=True)
class InspectedPicture:
    """An upright JPEG with three channels, its size, and the repairs that were necessary."""

    jpeg: bytes
    size: Size
    repairs: tuple[str, ...]


def inspect_picture(content: bytes, stated: Size | None, file: str) -> InspectedPicture:
    """Check that a picture can be decoded completely, and make the repairs that are safe.

    `stated` is the size in the annotation, or None. It tells whether boxes were drawn on the picture as stored or as
    turned by EXIF's orientation. `file` names the picture in problems.
    """

    def must_turn(orientation: int, size: Size) -> bool:
        turned = orientation != UPRIGHT and _boxes_are_turned(orientation, size, stated, file)
        width, height = size[::-1] if turned else size
        if stated and stated != (width, height):
            found = f"{stated[0]} x {stated[1]} in the annotation, {width} x {height} in the picture"
            raise _problem(file, "size disagrees", found)
        return turned

    inspected = _inspect(content, file, must_turn)
    return inspected if stated else replace(inspected, repairs=(*inspected.repairs, "size not stated"))


def inspect_unboxed_picture(content: bytes, file: str) -> InspectedPicture:
    """Check and repair a picture without boxes, which is turned as EXIF's orientation says."""
    return _inspect(content, file, lambda orientation, _: orientation != UPRIGHT)


def _inspect(content: bytes, file: str, must_turn: Callable[[int, Size], bool]) -> InspectedPicture:
    """Check and repair a picture; `must_turn` tells by EXIF's orientation and the stored size whether it is turned."""
    try:
        image = open_picture(content, file)
        orientation = read_orientation(image)
        turned = must_turn(orientation, image.size)
        size = image.size[::-1] if turned and orientation in ON_ITS_SIDE else image.size
        repairs = _conversions(image, orientation, turned)
        if image.format in _JPEG:
            repairs += _check_jpeg(content, image.mode, file)
        if repairs:
            content = _encode(ImageOps.exif_transpose(image) if turned else image)
    except BadPictureError:
        raise
    except UnidentifiedImageError:
        raise _problem(file, "undecodable picture", f"it begins with {content[:8]!r}") from None
    except Exception as error:  # Pillow's parsers raise many kinds of errors; one broken file must not end the run
        raise _problem(file, "undecodable picture", f"{type(error).__name__}: {error}") from None
    return InspectedPicture(content, size, repairs)


def _boxes_are_turned(orientation: int, size: Size, stated: Size | None, file: str) -> bool:
    """Tell whether the annotation's size is that of the turned picture; an error if the sizes do not decide it."""
    if orientation not in ON_ITS_SIDE or size[0] == size[1] or stated not in (size, size[::-1]):
        found = f"{orientation}: boxes could be meant before or after it; turn the pixels and remove the tag"
        raise _problem(file, "EXIF orientation", found)
    return stated != size


def _conversions(image: Image.Image, orientation: int, turned: bool) -> tuple[str, ...]:
    """List the conversions that an intact picture needs before it can be used."""
    repairs = []
    if image.format not in _JPEG:
        repairs.append(f"{image.format} to JPEG")
    elif image.mode != "RGB":
        repairs.append({"L": "greyscale", "CMYK": "CMYK"}.get(image.mode, f"mode {image.mode}"))
    if image.has_transparency_data:
        repairs.append("transparency dropped")
    if orientation != UPRIGHT:
        repairs.append("turned as EXIF says" if turned else "EXIF orientation dropped")
    return tuple(repairs)


def _check_jpeg(content: bytes, mode: str, file: str) -> tuple[str, ...]:
    """Decode a JPEG completely, and list the repairs that it needs.

    Where libjpeg only warns, the rest of the picture is grey or garbled: that is an error here.
    """
    try:
        simplejpeg.decode_jpeg(content, colorspace={"L": "GRAY", "CMYK": "CMYK"}.get(mode, "RGB"))
    except ValueError as error:
        if "extraneous bytes" in str(error):
            return ("stray bytes",)
        if str(error).startswith(("Corrupt", "Premature")):
            raise _problem(file, "truncated or garbled JPEG", str(error)) from None
        return ("unusual JPEG",)  # it is decoded by Pillow and written again
    return ()


def to_rgb(image: Image.Image) -> Image.Image:
    """Convert a picture to three channels of 8 bits; transparency is dropped."""
    if image.mode.startswith("I"):  # 16 bits, which Pillow would clip at 255
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return image.convert("RGB")


def _encode(image: Image.Image) -> bytes:
    jpeg = io.BytesIO()
    to_rgb(image).save(jpeg, "JPEG", quality=_QUALITY, subsampling=0)
    return jpeg.getvalue()


def _problem(file: str, kind: str, found: str) -> BadPictureError:
    return BadPictureError(Problem(file, "", kind, found))
