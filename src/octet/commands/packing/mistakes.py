"""What programs do wrong with pictures before they give them to a file, so that it finds nothing, or little."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # [H, W, 3], RGB

_GREY = 114  # of the bars around a letterboxed picture, as most programs have it


def _letterboxed(picture: Picture, side: int) -> Picture:
    """The picture made as large as fits into the square with its own proportions, in the middle of grey."""
    height, width = (max(1, round(length * side / max(picture.shape[:2]))) for length in picture.shape[:2])
    top, left = (side - height) // 2, (side - width) // 2
    square = np.full((side, side, 3), _GREY, np.uint8)
    square[top : top + height, left : left + width] = cv2.resize(picture, (width, height))
    return square


def _middle(picture: Picture, side: int) -> Picture:
    """The largest square in the middle of the picture, resized."""
    shorter = min(picture.shape[:2])
    top, left = ((length - shorter) // 2 for length in picture.shape[:2])
    return np.asarray(cv2.resize(picture[top : top + shorter, left : left + shorter], (side, side)), np.uint8)


# From the picture as the file takes it, [S, S, 3], and as it was, to what the file gets
MISTAKES: Mapping[str, Callable[[Picture, Picture], Picture]] = MappingProxyType(
    {
        "red and blue are swapped, give RGB": lambda given, _: given[..., ::-1],
        # As whole numbers, all but the brightest pixels of a picture from 0 to 1, or -1 to 1, are 0.
        "normalisation: pixels were divided, give them raw": lambda given, _: given // np.uint8(255),
        "input type: pixels are shifted by 128 as for int8, give uint8": lambda given, _: given ^ np.uint8(128),
        "letterbox: the picture has bars around it, stretch it": lambda given, whole: _letterboxed(whole, len(given)),
        "letterbox: only its middle is there, stretch all of it": lambda given, whole: _middle(whole, len(given)),
        "rows and columns are swapped, give [height, width, 3]": lambda given, _: given.swapaxes(0, 1),
    }
)
