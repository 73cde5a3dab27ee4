"""What training does to a picture: zoom in or out, stretch, flip, and change of light. All of it decided by a seed."""

from octet.recipe import Augmentation
from octet.tensorflow import tf


def augment(
    picture: tf.Tensor, boxes: tf.Tensor, classes: tf.Tensor, seed: tf.Tensor, size: int, how: Augmentation
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """A window of the picture as [size, size, 3] floats in 0..255, with the boxes [G', 4] that are centred in it."""
    draw = tf.random.stateless_uniform([10], seed)
    window, flipped = _window(draw[:5], how)
    boxes, inside = _through(boxes, window)
    boxes = tf.where(flipped, tf.stack([boxes[:, 0], 1 - boxes[:, 3], boxes[:, 2], 1 - boxes[:, 1]], axis=1), boxes)
    window = tf.where(flipped, tf.gather(window, [0, 3, 2, 1]), window)
    # One op crops, pads (with the grey that normalises to zero), flips and resizes.
    picture = tf.image.crop_and_resize(picture[None], window[None], [0], [size, size], extrapolation_value=128.0)[0]
    return _relight(picture, draw[5:], how), tf.boolean_mask(boxes, inside), tf.boolean_mask(classes, inside)


def _window(draw: tf.Tensor, how: Augmentation) -> tuple[tf.Tensor, tf.Tensor]:
    """The part of the picture to see, [ymin, xmin, ymax, xmax] in its 0..1; larger than 1 is a zoom out."""
    zoom = tf.exp(_between(draw[0], tf.math.log(how.min_window), tf.math.log(how.max_window)))
    stretch = tf.exp(_between(draw[1], -1.0, 1.0) * tf.math.log(how.max_stretch) / 2)
    sides = zoom * tf.stack([stretch, 1 / stretch])
    corner = draw[2:4] * (1 - sides)
    return tf.concat([corner, corner + sides], axis=0), draw[4] < how.flip


def _through(boxes: tf.Tensor, window: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The boxes in the window's own 0..1, clipped to it, and whether their centres lie inside."""
    corner, sides = window[:2], window[2:] - window[:2]
    boxes = (boxes - tf.tile(corner, [2])) / tf.tile(sides, [2])
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    return tf.clip_by_value(boxes, 0.0, 1.0), tf.reduce_all((centres > 0) & (centres < 1), axis=1)


def _relight(picture: tf.Tensor, draw: tf.Tensor, how: Augmentation) -> tf.Tensor:
    """Contrast about the mean, brightness, and a colour cast."""
    contrast = 1 + how.contrast * _between(draw[0], -1.0, 1.0)
    shift = 255 * how.brightness * _between(draw[1], -1.0, 1.0)
    cast = 1 + how.colour * _between(draw[2:5], -1.0, 1.0)
    mean = tf.reduce_mean(picture)
    return tf.clip_by_value(((picture - mean) * contrast + mean + shift) * cast, 0.0, 255.0)


def _between(draw: tf.Tensor, low: float | tf.Tensor, high: float | tf.Tensor) -> tf.Tensor:
    return low + draw * (high - low)
