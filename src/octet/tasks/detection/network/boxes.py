"""Boxes as [ymin, xmin, ymax, xmax] in 0..1, and the code that the network predicts them in."""

from octet.common.tensorflow import tf

# What TFLite_Detection_PostProcess divides the four numbers by: y, x, height, width.
CODE_SCALES = (10.0, 10.0, 5.0, 5.0)
_SMALLEST = 1e-6  # a side below it has no logarithm worth training on


def area(boxes: tf.Tensor) -> tf.Tensor:
    """[..., 4] -> [...]; an inverted box has area 0."""
    sides = tf.maximum(boxes[..., 2:] - boxes[..., :2], 0.0)
    return sides[..., 0] * sides[..., 1]


def iou(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """Intersection over union of each pair: [G, 4], [A, 4] -> [G, A]."""
    # Side by side, not corner by corner: a last axis of two is several times as slow.
    tops, lefts, bottoms, rights = (side[:, None] for side in tf.unstack(first, axis=1))  # [G, 1]
    top, left, bottom, right = tf.unstack(second, axis=1)  # [A]
    height = tf.minimum(bottoms, bottom) - tf.maximum(tops, top)  # [G, A]
    width = tf.minimum(rights, right) - tf.maximum(lefts, left)
    shared = tf.maximum(height, 0.0) * tf.maximum(width, 0.0)
    return tf.math.divide_no_nan(shared, area(first)[:, None] + area(second)[None, :] - shared)


def to_centre(boxes: tf.Tensor) -> tf.Tensor:
    """Corners to [y, x, height, width] of the centre form."""
    return tf.concat([(boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]], axis=-1)


def to_corners(boxes: tf.Tensor) -> tf.Tensor:
    """The centre form to corners."""
    return tf.concat([boxes[..., :2] - boxes[..., 2:] / 2, boxes[..., :2] + boxes[..., 2:] / 2], axis=-1)


def encode(boxes: tf.Tensor, anchors: tf.Tensor) -> tf.Tensor:
    """Boxes [..., 4] relative to anchors [..., 4] in the centre form."""
    centre = to_centre(boxes)
    place = (centre[..., :2] - anchors[..., :2]) / anchors[..., 2:]
    size = tf.math.log(tf.maximum(centre[..., 2:], _SMALLEST) / anchors[..., 2:])
    return tf.concat([place, size], axis=-1) * tf.constant(CODE_SCALES)


def decode(codes: tf.Tensor, anchors: tf.Tensor) -> tf.Tensor:
    """The inverse of `encode`."""
    codes = codes / tf.constant(CODE_SCALES)
    centre = codes[..., :2] * anchors[..., 2:] + anchors[..., :2]
    return to_corners(tf.concat([centre, tf.exp(codes[..., 2:]) * anchors[..., 2:]], axis=-1))
