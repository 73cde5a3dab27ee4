"""Boxes as [ymin, xmin, ymax, xmax] in 0..1, and the code that the network predicts them in."""

from octet.tensorflow import tf

# What TFLite_Detection_PostProcess divides the four numbers by: y, x, height, width.
CODE_SCALES = (10.0, 10.0, 5.0, 5.0)
_SMALLEST = 1e-6  # a side below it has no logarithm worth training on


def area(boxes: tf.Tensor) -> tf.Tensor:
    """[..., 4] -> [...]; an inverted box has area 0."""
    sides = tf.maximum(boxes[..., 2:] - boxes[..., :2], 0.0)
    return sides[..., 0] * sides[..., 1]


def iou(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """Intersection over union of each pair: [G, 4], [A, 4] -> [G, A]."""
    top_left = tf.maximum(first[:, None, :2], second[None, :, :2])  # [G, A, 2]
    bottom_right = tf.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = area(tf.concat([top_left, bottom_right], axis=-1))  # [G, A]
    return tf.math.divide_no_nan(shared, area(first)[:, None] + area(second)[None, :] - shared)


def to_centre(boxes: tf.Tensor) -> tf.Tensor:
    """Corners to [y, x, height, width] of the centre form."""
    return tf.concat([(boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]], axis=-1)


def to_corners(boxes: tf.Tensor) -> tf.Tensor:
    """The centre form to corners."""
    return tf.concat([boxes[..., :2] - boxes[..., 2:] / 2, boxes[..., :2] + boxes[..., 2:] / 2], axis=-1)


def encode(boxes: tf.Tensor, anchors: tf.Tensor) -> tf.Tensor:
    """Boxes [..., 4] relative to anchors [..., 4] in the centre form."""
    boxes = to_centre(boxes)
    offset = (boxes[..., :2] - anchors[..., :2]) / anchors[..., 2:]
    growth = tf.math.log(tf.maximum(boxes[..., 2:], _SMALLEST) / anchors[..., 2:])
    return tf.concat([offset, growth], axis=-1) * tf.constant(CODE_SCALES)


def decode(codes: tf.Tensor, anchors: tf.Tensor) -> tf.Tensor:
    """The inverse of `encode`."""
    codes = codes / tf.constant(CODE_SCALES)
    centre = codes[..., :2] * anchors[..., 2:] + anchors[..., :2]
    return to_corners(tf.concat([centre, tf.exp(codes[..., 2:]) * anchors[..., 2:]], axis=-1))
