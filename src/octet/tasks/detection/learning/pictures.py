"""A picture for TensorBoard: what there is, what the network finds, and which is which."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

_SIDE = 480  # px, to which the longer side of a smaller picture is enlarged, by a whole factor
_LETTERS, _LINE, _DASH = 13, 2, 7  # px
_TRUTH, _FOUND, _GROUND = "white", "#ff8c00", "black"
_LEGEND = (("there is (dashed)", _TRUTH), ("the network finds, with its score", _FOUND))


@dataclass(frozen=True)
class Told:
    """Boxes [N, 4] of corners [ymin, xmin, ymax, xmax] in shares of the picture's sides, each with its caption."""

    boxes: NDArray[np.floating]
    captions: Sequence[str]


def draw_told(jpeg: bytes, truth: Told, found: Told) -> NDArray[np.uint8]:
    """The picture [H, W, 3], enlarged where it is small, with all boxes and a legend below."""
    picture = Image.open(io.BytesIO(jpeg)).convert("RGB")
    scale = max(1, -(-_SIDE // max(picture.size)))
    width, height = picture.width * scale, picture.height * scale
    font = ImageFont.load_default(_LETTERS)
    high = _LETTERS + 5
    image = Image.new("RGB", (width, height + len(_LEGEND) * high), _GROUND)
    image.paste(picture.resize((width, height)))
    canvas = ImageDraw.Draw(image)
    for told, colour in ((truth, _TRUTH), (found, _FOUND)):
        for (top, left, bottom, right), caption in zip(told.boxes, told.captions, strict=True):
            corners = (left * width, top * height, right * width, bottom * height)
            for ends in _sides(corners, dashed=told is truth):
                canvas.line(ends, colour, _LINE)
            wide = canvas.textlength(caption, font)
            x = max(0.0, min(corners[0], width - wide))
            # What there is has its caption above the box, what is found below, so that neither hides the other.
            y = corners[1] - high if told is truth else corners[3]
            y = max(0.0, min(y, height - high))
            canvas.rectangle((x, y, x + wide + 4, y + high), _GROUND)
            canvas.text((x + 2, y + 1), caption, colour, font)
    for row, (text, colour) in enumerate(_LEGEND):
        canvas.text((4, height + row * high), text, colour, font)
    return np.asarray(image)


def _sides(corners: tuple[float, float, float, float], dashed: bool) -> Iterator[tuple[float, float, float, float]]:
    """The lines of a box: its four sides, or the dashes of them."""
    left, top, right, bottom = corners
    sides = (
        (left, top, right, top),
        (right, top, right, bottom),
        (left, bottom, right, bottom),
        (left, top, left, bottom),
    )
    if not dashed:
        yield from sides
        return
    for x, y, end_x, end_y in sides:
        length = max(abs(end_x - x), abs(end_y - y), 1.0)
        for start in np.arange(0, length, 2 * _DASH):
            begin, end = start / length, min(start + _DASH, length) / length
            yield (
                x + begin * (end_x - x),
                y + begin * (end_y - y),
                x + end * (end_x - x),
                y + end * (end_y - y),
            )
