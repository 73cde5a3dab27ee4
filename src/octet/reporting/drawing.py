"""Boxes with captions on a picture, legible at any resolution."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Corners = tuple[float, float, float, float]  # left, top, right, bottom in pixels

# Distinct on photos and for most kinds of colour blindness (Okabe and Ito).
COLOURS = ((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167))

_SMALLEST = 480  # a picture whose longer side is shorter is enlarged: there is no room for letters on it
_FONT = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")  # Latin, Greek, Cyrillic
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)


@dataclass(frozen=True)
class Box:
    """What is drawn."""

    corners: Corners
    caption: str
    colour: tuple[int, int, int]


def draw_boxes(picture: NDArray[np.uint8], boxes: Sequence[Box]) -> NDArray[np.uint8]:
    """A copy of an RGB picture [H, W, 3] with the boxes in it, captions beside each other where there is room."""
    height, width = picture.shape[:2]
    scale = max(1, -(-_SMALLEST // max(height, width)))
    image = Image.fromarray(picture).resize((width * scale, height * scale), Image.Resampling.BICUBIC)
    canvas, unit = ImageDraw.Draw(image), max(image.size) / 400
    line, font = max(2, round(unit)), _font(max(11, round(8 * unit)))
    scaled = [(box, tuple(side * scale for side in box.corners)) for box in boxes]
    for box, corners in scaled:
        canvas.rectangle(_ordered(corners), outline=box.colour, width=line)
    taken: list[Corners] = []
    for box, corners in scaled:
        if box.caption:
            taken.append(_write(canvas, image.size, font, line, box, corners, taken))
    return np.asarray(image)


def _write(
    canvas: ImageDraw.ImageDraw,
    size: tuple[int, int],
    font: ImageFont.FreeTypeFont,
    line: int,
    box: Box,
    corners: Sequence[float],
    taken: Sequence[Corners],
) -> Corners:
    """Write a caption where it covers no other; the place that it took."""
    _, _, text, bottom = canvas.textbbox((0, 0), box.caption, font)
    wide, high = text + 2 * line, bottom + line
    place = min(_places(corners, wide, high, size), key=lambda place: sum(_shared(place, other) for other in taken))
    canvas.rectangle(place, fill=box.colour)
    red, green, blue = box.colour
    dark = 0.299 * red + 0.587 * green + 0.114 * blue < 128
    canvas.text((place[0] + line, place[1]), box.caption, _WHITE if dark else _BLACK, font)
    return place


def _places(corners: Sequence[float], wide: float, high: float, size: tuple[int, int]) -> Iterable[Corners]:
    """Above the box, below it, and within it at the top and at the bottom, moved into the picture."""
    left, top, right, bottom = corners
    for x in (left, right - wide):
        for y in (top - high, bottom, top, bottom - high):
            inside_x, inside_y = (
                max(0.0, min(at, side - of)) for at, side, of in zip((x, y), size, (wide, high), strict=True)
            )
            yield inside_x, inside_y, inside_x + wide, inside_y + high


def _shared(one: Corners, other: Corners) -> float:
    """The area of what both cover."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return max(across, 0) * max(down, 0)


def _ordered(corners: Sequence[float]) -> Corners:
    """A box that ends where it begins is a point; one that ends before that is none that Pillow draws."""
    left, top, right, bottom = corners
    return left, top, max(left, right), max(top, bottom)


@cache
def _font(height: int) -> ImageFont.FreeTypeFont:
    # Pillow's other way to lay out letters needs a library of the system's, and is there on some machines only.
    return ImageFont.truetype(str(_FONT), height, layout_engine=ImageFont.Layout.BASIC)
