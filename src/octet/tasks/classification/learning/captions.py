"""Lines of text under a picture, for TensorBoard."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

_SIDE, _LETTERS, _GAP = 256, 14, 4  # px
_FONT = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")  # Latin, Greek, Cyrillic
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)


def write_under(picture: NDArray[np.uint8], lines: Sequence[str]) -> NDArray[np.uint8]:
    """An RGB picture [H, W, 3] in the width of all, with a band of these lines under it; what is longer is cut off."""
    image = Image.fromarray(picture)
    width, height = (max(1, round(_SIDE * side / max(image.size))) for side in image.size)
    image = image.resize((width, height), Image.Resampling.BICUBIC)
    whole = Image.new("RGB", (_SIDE, height + len(lines) * (_LETTERS + _GAP) + _GAP), _BLACK)
    whole.paste(image)
    canvas, font = ImageDraw.Draw(whole), ImageFont.truetype(str(_FONT), _LETTERS)
    for row, line in enumerate(lines):
        canvas.text((_GAP, height + row * (_LETTERS + _GAP)), line, _WHITE, font)
    return np.asarray(whole)
