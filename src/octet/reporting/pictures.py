"""Pictures as a page shows them: small, as JPEG; and some of them in one picture."""

import io
from collections.abc import Sequence

from PIL import Image, ImageOps

_QUALITY = 78
# The size of a picture in a montage, the gap between pictures, and the colour around them
_TILE, _GAP, _GROUND = 320, 8, (255, 255, 255)


def shrink(jpeg: bytes, side: int) -> Image.Image:
    """A record's picture, whose longer side is so many pixels at most."""
    image = Image.open(io.BytesIO(jpeg)).convert("RGB")
    image.thumbnail((side, side))
    return image


def encode(image: Image.Image) -> bytes:
    """A picture as JPEG."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()


def montage(rows: Sequence[Sequence[Image.Image]]) -> bytes:
    """One JPEG with rows of pictures, all of which get the same square."""
    columns = max(map(len, rows), default=0)
    size = (max(columns, 1) * (_TILE + _GAP) - _GAP, max(len(rows), 1) * (_TILE + _GAP) - _GAP)
    whole = Image.new("RGB", size, _GROUND)
    for row, images in enumerate(rows):
        for column, image in enumerate(images):
            tile = ImageOps.pad(image, (_TILE, _TILE), color=_GROUND)
            whole.paste(tile, (column * (_TILE + _GAP), row * (_TILE + _GAP)))
    return encode(whole)
