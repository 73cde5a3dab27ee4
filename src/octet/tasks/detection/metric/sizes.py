"""COCO's sizes of objects: ranges of the area of a box, in pixels of the picture as it was before it was resized."""

import numpy as np
from numpy.typing import NDArray

from octet.tasks.detection.metric.boxes import Boxes

Range = tuple[float, float]  # both ends included

EVERY_SIZE: Range = (0, np.inf)
SIZES: dict[str, Range] = {"small": (0, 32**2), "medium": (32**2, 96**2), "large": (96**2, np.inf)}


def within(size: Range, boxes: Boxes) -> NDArray[np.bool_]:
    """Which of the boxes, x, y, width and height in pixels, are of this size: [N, 4] -> [N]."""
    area = boxes[:, 2] * boxes[:, 3]
    return (area >= size[0]) & (area <= size[1])
