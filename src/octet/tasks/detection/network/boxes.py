"""Boxes as corners [ymin, xmin, ymax, xmax] in 0..1, and the box codes that the network predicts."""

from octet.common.tensorflow import tf

# What TFLite_Detection_PostProcess divides the four numbers by: y, x, height, width.
CODE_SCALES = (10.0, 10.0, 5.0, 5.0)
_LARGEST = 10.0  # the logarithm of the largest side of a decoded box, in sides of its cell; that of 89 is not finite


def box_area(boxes: tf.Tensor) -> tf.Tensor:
    """The areas [...] of boxes [..., 4] given as corners; 0 for a box whose corners are in the wrong order."""
    sides = tf.maximum(boxes[..., 2:] - boxes[..., :2], 0.0)
    return sides[..., 0] * sides[..., 1]


def iou_matrix(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """Intersection over union of every box of a set with every one of another: [..., G, 4], [..., A, 4] -> [..., G, A].

    A box of no area overlaps nothing.
    """
    # Side by side, not corner by corner: a last axis of two is several times as slow.
    tops, lefts, bottoms, rights = (side[..., :, None] for side in tf.unstack(first, axis=-1))  # [..., G, 1]
    top, left, bottom, right = (side[..., None, :] for side in tf.unstack(second, axis=-1))  # [..., 1, A]
    shared = _shared_side(tops, bottoms, top, bottom) * _shared_side(lefts, rights, left, right)  # [..., G, A]
    return tf.math.divide_no_nan(shared, box_area(first)[..., :, None] + box_area(second)[..., None, :] - shared)


def generalized_iou(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """Generalized intersection over union of boxes with boxes, one by one: [..., 4], [..., 4] -> [...], in -1..1.

    It is their IoU less the share of the box around both that neither fills (Rezatofighi et al., 2019), so that boxes
    that do not touch differ by how far apart they are.
    """
    tops, lefts, bottoms, rights = tf.unstack(first, axis=-1)  # [...]
    top, left, bottom, right = tf.unstack(second, axis=-1)
    shared = _shared_side(tops, bottoms, top, bottom) * _shared_side(lefts, rights, left, right)
    union = box_area(first) + box_area(second) - shared
    around = (tf.maximum(bottoms, bottom) - tf.minimum(tops, top)) * (
        tf.maximum(rights, right) - tf.minimum(lefts, left)
    )
    return tf.math.divide_no_nan(shared, union) - tf.math.divide_no_nan(around - union, around)


def centre_to_corners(boxes: tf.Tensor) -> tf.Tensor:
    """Boxes [..., 4] from centre and size [y, x, height, width] to corners."""
    return tf.concat([boxes[..., :2] - boxes[..., 2:] / 2, boxes[..., :2] + boxes[..., 2:] / 2], axis=-1)


def decode_boxes(codes: tf.Tensor, cells: tf.Tensor) -> tf.Tensor:
    """The boxes [..., 4] as corners, from box codes [..., 4] and cells [..., 4] as centre and size."""
    codes = codes / tf.constant(CODE_SCALES)
    centre = codes[..., :2] * cells[..., 2:] + cells[..., :2]
    size = tf.exp(tf.minimum(codes[..., 2:], _LARGEST)) * cells[..., 2:]
    return centre_to_corners(tf.concat([centre, size], axis=-1))


def _shared_side(begins: tf.Tensor, ends: tf.Tensor, begin: tf.Tensor, end: tf.Tensor) -> tf.Tensor:
    """The length that two intervals have in common."""
    return tf.maximum(tf.minimum(ends, end) - tf.maximum(begins, begin), 0.0)
