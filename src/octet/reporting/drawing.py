"""Boxes with captions, and lines of text, on a picture, legible at any resolution."""

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

_SMALLEST = 480  # px; a picture whose longer side is shorter is enlarged, to make room for letters
_FONT = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")  # Latin, Greek, Cyrillic
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)


@dataclass(frozen=True)
class Box:
    """A box to draw, with its caption and colour."""

    corners: Corners
    caption: str
    colour: tuple[int, int, int]


def draw_boxes(picture: NDArray[np.uint8], boxes: Sequence[Box]) -> NDArray[np.uint8]:
    """A copy of an RGB picture [H, W, 3] with the boxes drawn in; captions do not overlap where there is room."""
    image, scale = _enlarged(picture)
    canvas, line, font = ImageDraw.Draw(image), *_measures(image)
    scaled = [(box, tuple(side * scale for side in box.corners)) for box in boxes]
    for box, corners in scaled:
        canvas.rectangle(_ordered(corners), outline=box.colour, width=line)
    taken: list[Corners] = []
    for box, corners in scaled:
        if box.caption:
            taken.append(_write(canvas, image.size, font, line, box, corners, taken))
    return np.asarray(image)


def draw_lines(picture: NDArray[np.uint8], lines: Sequence[str]) -> NDArray[np.uint8]:
    """A copy of an RGB picture [H, W, 3] with lines of text in its upper left corner."""
    image, _ = _enlarged(picture)
    canvas, line, font = ImageDraw.Draw(image), *_measures(image)
    text = "\n".join(lines)
    _, _, right, bottom = canvas.multiline_textbbox((line, line), text, font)
    canvas.rectangle((0, 0, right + line, bottom + line), fill=_BLACK)
    canvas.multiline_text((line, line), text, _WHITE, font)
    return np.asarray(image)


def _enlarged(picture: NDArray[np.uint8]) -> tuple[Image.Image, int]:
    """The picture, and how many times as large as before it is."""
    height, width = picture.shape[:2]
    scale = max(1, -(-_SMALLEST // max(height, width)))
    return Image.fromarray(picture).resize((width * scale, height * scale), Image.Resampling.BICUBIC), scale


def _measures(image: Image.Image) -> tuple[int, ImageFont.FreeTypeFont]:
    """How wide a line is on a picture of this size, and its letters."""
    unit = max(image.size) / 400
    return max(2, round(unit)), _font(max(11, round(8 * unit)))


def _write(
    canvas: ImageDraw.ImageDraw,
    size: tuple[int, int],
    font: ImageFont.FreeTypeFont,
    line: int,
    box: Box,
    corners: Sequence[float],
    taken: Sequence[Corners],
) -> Corners:
    """Write a caption where it overlaps the fewest others; the rectangle that it covers."""
    _, _, text, bottom = canvas.textbbox((0, 0), box.caption, font)
    wide, high = text + 2 * line, bottom + line
    candidates = _caption_places(corners, wide, high, size)
    place = min(candidates, key=lambda candidate: sum(_shared_area(candidate, other) for other in taken))
    canvas.rectangle(place, fill=box.colour)
    red, green, blue = box.colour
    dark = 0.299 * red + 0.587 * green + 0.114 * blue < 128
    canvas.text((place[0] + line, place[1]), box.caption, _WHITE if dark else _BLACK, font)
    return place


def _caption_places(corners: Sequence[float], wide: float, high: float, size: tuple[int, int]) -> Iterable[Corners]:
    """The places for a caption: above the box, below it, and inside it at top and bottom, all within the picture."""
    left, top, right, bottom = corners
    for x in (left, right - wide):
        for y in (top - high, bottom, top, bottom - high):
            inside_x = max(0.0, min(x, size[0] - wide))
            inside_y = max(0.0, min(y, size[1] - high))
            yield inside_x, inside_y, inside_x + wide, inside_y + high


def _shared_area(first: Corners, second: Corners) -> float:
    """The area of the intersection of two rectangles."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    return max(width, 0) * max(height, 0)


def _ordered(corners: Sequence[float]) -> Corners:
    """The corners in the order that Pillow asks for; a box that ends before it begins becomes a line or a point."""
    left, top, right, bottom = corners
    return left, top, max(left, right), max(top, bottom)


@cache
def _font(height: int) -> ImageFont.FreeTypeFont:
    # The other layout engine of Pillow needs a system library that only some machines have.
    return ImageFont.truetype(str(_FONT), height, layout_engine=ImageFont.Layout.BASIC)
