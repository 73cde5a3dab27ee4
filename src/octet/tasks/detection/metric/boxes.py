"""The forms that boxes have outside of the program, and overlap.

Inside it a box is its corners [ymin, xmin, ymax, xmax], as shares of the picture's sides.
"""

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]  # [..., 4]


def corners_to_xywh_pixels(corners: Boxes, height: int, width: int) -> Boxes:
    """COCO's form: x, y, width, height in the picture's pixels."""
    ymin, xmin, ymax, xmax = np.moveaxis(corners * np.tile([height, width], 2), -1, 0)
    return np.stack([xmin, ymin, xmax - xmin, ymax - ymin], axis=-1)


def xywh_pixels_to_corners(boxes: Boxes, height: int, width: int) -> Boxes:
    """The inverse."""
    x, y, across, down = np.moveaxis(boxes, -1, 0)
    return np.stack([y, x, y + down, x + across], axis=-1) / np.tile([height, width], 2)


def corners_to_ltrb_pixels(corners: Boxes, height: int, width: int) -> Boxes:
    """What is drawn: left, top, right, bottom in the picture's pixels."""
    return corners[..., [1, 0, 3, 2]] * np.tile([width, height], 2)


def xywh_to_ltrb(boxes: Boxes) -> Boxes:
    """The same in pixels from COCO's form."""
    return np.concatenate([boxes[..., :2], boxes[..., :2] + boxes[..., 2:]], axis=-1)


def iou(boxes: Boxes, others: Boxes) -> NDArray[np.float64]:
    """Intersection over union of x, y, width, height, pair by pair: [P, 4], [P, 4] -> [P]."""
    top_left = np.maximum(boxes[:, :2], others[:, :2])
    bottom_right = np.minimum(boxes[:, :2] + boxes[:, 2:], others[:, :2] + others[:, 2:])
    shared = (bottom_right - top_left).clip(0).prod(axis=1)
    union = boxes[:, 2:].prod(axis=1) + others[:, 2:].prod(axis=1) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
