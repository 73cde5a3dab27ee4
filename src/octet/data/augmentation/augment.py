"""What training does to a picture: zoom in or out, stretch, flip, and change of light. All of it decided by a seed."""

from typing import NamedTuple

from octet.common.tensorflow import tf
from octet.data.reading.pixels import BRIGHTEST, DARKEST, PIXEL_SCALE, PIXEL_ZERO
from octet.recipe.shared.recipe import Augmentation


class View(NamedTuple):
    """Where the picture's points lie in what training sees of it: at point * scale + offset, then mirrored or not."""

    scale: tf.Tensor  # [2], from shares of the picture's height and width to pixels of the view
    offset: tf.Tensor  # [2], in pixels of the view
    flipped: tf.Tensor  # [], whether left and right changed places


def augment(
    jpeg: tf.Tensor, sides: tf.Tensor, seed: tf.Tensor, size: int, config: Augmentation
) -> tuple[tf.Tensor, View]:
    """A window of the picture, of height and width `sides` [2], normalized to [size, size, 3]; and where it lies."""
    draw = tf.random.stateless_uniform([10], seed)
    near, far = _window(draw[:4], config)
    # What of the picture lies in the window is cut out in whole pixels, resized, and put where it belongs on grey.
    begin = tf.round(tf.maximum(near, 0.0) * sides)  # [2], in the picture's pixels
    end = tf.maximum(tf.round(tf.minimum(far, 1.0) * sides), begin + 1)
    into = size / (far - near)
    to_begin = tf.round(tf.maximum((begin / sides - near) * into, 0.0))  # [2], in the window's pixels
    to_end = tf.maximum(tf.round(tf.minimum((end / sides - near) * into, size)), to_begin + 1)
    picture = _seen(jpeg, begin, end, to_begin, to_end, size)

    stretch = (to_end - to_begin) / (end - begin)
    flipped = draw[4] < config.flip
    picture = tf.cond(flipped, lambda: tf.reverse(picture, [1]), lambda: picture)
    return _light(picture, draw[5:], config), View(sides * stretch, to_begin - begin * stretch, flipped)


def _window(draw: tf.Tensor, config: Augmentation) -> tuple[tf.Tensor, tf.Tensor]:
    """The part of the picture to see, as two corners [2] in its 0..1; larger than 1 is a zoom out."""
    zoom = tf.exp(_between(draw[0], tf.math.log(config.min_window), tf.math.log(config.max_window)))
    stretch = tf.exp(_between(draw[1], -1.0, 1.0) * tf.math.log(config.max_stretch) / 2)
    sides = zoom * tf.stack([stretch, 1 / stretch])
    near = draw[2:4] * (1 - sides)
    return near, near + sides


def _seen(
    jpeg: tf.Tensor, begin: tf.Tensor, end: tf.Tensor, to_begin: tf.Tensor, to_end: tf.Tensor, size: int
) -> tf.Tensor:
    """The cut from `begin` to `end`, resized to reach from `to_begin` to `to_end`: [size, size, 3] in 0..255."""
    cut = tf.cast(tf.concat([begin, end - begin], axis=0), tf.int32)
    piece = tf.io.decode_and_crop_jpeg(jpeg, cut, channels=3, dct_method="INTEGER_ACCURATE")
    before, shape = tf.cast(to_begin, tf.int32), tf.cast(to_end - to_begin, tf.int32)
    piece = tf.image.resize(piece, shape)
    margins = tf.concat([tf.stack([before, size - before - shape], axis=1), [[0, 0]]], axis=0)
    picture = tf.cond(
        tf.reduce_any(margins > 0), lambda: tf.pad(piece, margins, constant_values=PIXEL_ZERO), lambda: piece
    )
    return tf.ensure_shape(picture, [size, size, 3])


def _light(picture: tf.Tensor, draw: tf.Tensor, config: Augmentation) -> tf.Tensor:
    """Contrast about grey, brightness, and a colour cast, with the normalization in the same pass."""
    contrast = 1 + config.contrast * _between(draw[0], -1.0, 1.0)
    brightness = 1 + 2 * config.brightness * _between(draw[1], -1.0, 1.0)
    cast = 1 + config.colour * _between(draw[2:5], -1.0, 1.0)  # [3]
    gain = contrast * cast / PIXEL_SCALE
    offset = brightness * cast - 1 - PIXEL_ZERO * gain
    # Rows of numbers, not of pixels: a product with a short last axis takes five times as long.
    height, width, _ = picture.shape
    rows = tf.reshape(picture, [height, width * 3]) * tf.tile(gain, [width]) + tf.tile(offset, [width])
    return tf.reshape(tf.clip_by_value(rows, DARKEST, BRIGHTEST), picture.shape)


def _between(draw: tf.Tensor, low: float | tf.Tensor, high: float | tf.Tensor) -> tf.Tensor:
    return low + draw * (high - low)
