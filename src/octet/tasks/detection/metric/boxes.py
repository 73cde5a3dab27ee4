"""Converts boxes into the formats that files and drawings use, and computes overlaps.

Inside the program a box is its corners [ymin, xmin, ymax, xmax], as shares of the picture's sides.
"""

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]  # [..., 4]


def corners_to_xywh_pixels(corners: Boxes, height: int, width: int) -> Boxes:
    """Corners as shares of the sides to COCO's format: x, y, width, height in the picture's pixels."""
    ymin, xmin, ymax, xmax = np.moveaxis(corners * np.tile([height, width], 2), -1, 0)
    return np.stack([xmin, ymin, xmax - xmin, ymax - ymin], axis=-1)


def xywh_pixels_to_corners(boxes: Boxes, height: int, width: int) -> Boxes:
    """COCO's format, x, y, width, height in the picture's pixels, to corners as shares of the sides."""
    x, y, box_width, box_height = np.moveaxis(boxes, -1, 0)
    return np.stack([y, x, y + box_height, x + box_width], axis=-1) / np.tile([height, width], 2)


def corners_to_ltrb_pixels(corners: Boxes, height: int, width: int) -> Boxes:
    """Corners as shares of the sides to left, top, right, bottom in the picture's pixels, for drawing."""
    return corners[..., [1, 0, 3, 2]] * np.tile([width, height], 2)


def xywh_to_ltrb(boxes: Boxes) -> Boxes:
    """COCO's format, x, y, width, height, to left, top, right, bottom, both in pixels."""
    return np.concatenate([boxes[..., :2], boxes[..., :2] + boxes[..., 2:]], axis=-1)


def iou_of_pairs(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """Intersection over union of boxes x, y, width, height, pair by pair: [P, 4], [P, 4] -> [P]."""
    top_left = np.maximum(first[:, :2], second[:, :2])
    bottom_right = np.minimum(first[:, :2] + first[:, 2:], second[:, :2] + second[:, 2:])
    shared = (bottom_right - top_left).clip(0).prod(axis=1)
    union = first[:, 2:].prod(axis=1) + second[:, 2:].prod(axis=1) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
