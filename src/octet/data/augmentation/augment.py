"""The random changes to a picture in training: zoom, stretch, flip, light, a spot; a seed determines them."""

import math
from typing import NamedTuple

from octet.common.tensorflow import tf
from octet.data.reading.pixel_scale import BRIGHTEST, DARKEST, PIXEL_SCALE, PIXEL_ZERO
from octet.recipe.shared.recipe import Augmentation

_ERASED = (0.02, 0.2)  # the smallest and the largest share of a picture that a grey rectangle takes
_ERASED_STRETCH = 2.7  # the most that it is higher than wide, or wider than high


class View(NamedTuple):
    """The map from points of a picture to the augmented picture: point * scale + offset, then mirrored if flipped."""

    scale: tf.Tensor  # [2], from shares of the picture's height and width to pixels of the augmented picture
    offset: tf.Tensor  # [2], in pixels of the augmented picture
    flipped: tf.Tensor  # [], whether left and right are exchanged


def augment(
    jpeg: tf.Tensor, sides: tf.Tensor, seed: tf.Tensor, size: int, config: Augmentation
) -> tuple[tf.Tensor, View]:
    """Augment a picture of height and width `sides` [2] with a seed [2].

    Return the normalized pixels of a random window as float32 [size, size, 3], and the map from the picture to them.
    """
    draw = tf.random.stateless_uniform([15], seed)
    low, high = _window(draw[:4], config)
    # The part of the picture inside the window is cropped in whole pixels, resized, and placed on a grey background.
    begin = tf.minimum(tf.round(tf.maximum(low, 0.0) * sides), sides - 1)  # [2], in pixels of the picture
    end = tf.maximum(tf.round(tf.minimum(high, 1.0) * sides), begin + 1)
    scale = size / (high - low)  # [2], from shares of the picture's sides to pixels of the augmented picture
    # [2], in pixels of the augmented picture; a window smaller than a pixel begins behind all of its own
    target_begin = tf.minimum(tf.round(tf.maximum((begin / sides - low) * scale, 0.0)), size - 1)
    target_end = tf.maximum(tf.round(tf.minimum((end / sides - low) * scale, size)), target_begin + 1)
    picture = _crop_and_resize(jpeg, begin, end, target_begin, target_end, size)

    stretch = (target_end - target_begin) / (end - begin)
    flipped = draw[4] < config.flip
    picture = tf.cond(flipped, lambda: tf.reverse(picture, [1]), lambda: picture)
    if config.erase:
        picture = tf.cond(draw[10] < config.erase, lambda: _erase(picture, draw[11:]), lambda: picture)
    return _light(picture, draw[5:10], config), View(sides * stretch, target_begin - begin * stretch, flipped)


def _window(draw: tf.Tensor, config: Augmentation) -> tuple[tf.Tensor, tf.Tensor]:
    """Draw a window from four random numbers: its low and high corners, each [2], in shares of the picture's sides.

    A window that is larger than the picture zooms out.
    """
    zoom = tf.exp(_between(draw[0], tf.math.log(config.min_window), tf.math.log(config.max_window)))
    stretch = tf.exp(_between(draw[1], -1.0, 1.0) * tf.math.log(config.max_stretch) / 2)
    sides = zoom * tf.stack([stretch, 1 / stretch])
    low = draw[2:4] * (1 - sides)
    return low, low + sides


def _crop_and_resize(
    jpeg: tf.Tensor, begin: tf.Tensor, end: tf.Tensor, target_begin: tf.Tensor, target_end: tf.Tensor, size: int
) -> tf.Tensor:
    """Crop a picture from `begin` to `end`, and resize it to reach from `target_begin` to `target_end`.

    All corners are [2], in pixels. Return float32 [size, size, 3] in 0..255, with grey around the crop.
    """
    window = tf.cast(tf.concat([begin, end - begin], axis=0), tf.int32)
    crop = tf.io.decode_and_crop_jpeg(jpeg, window, channels=3, dct_method="INTEGER_ACCURATE")
    margin, shape = tf.cast(target_begin, tf.int32), tf.cast(target_end - target_begin, tf.int32)
    crop = tf.image.resize(crop, shape)
    margins = tf.concat([tf.stack([margin, size - margin - shape], axis=1), [[0, 0]]], axis=0)
    picture = tf.cond(
        tf.reduce_any(margins > 0), lambda: tf.pad(crop, margins, constant_values=PIXEL_ZERO), lambda: crop
    )
    return tf.ensure_shape(picture, [size, size, 3])


def _erase(picture: tf.Tensor, draw: tf.Tensor) -> tf.Tensor:
    """Paint a grey rectangle on a picture [S, S, 3], whose size, shape and place four random numbers decide."""
    size, _, _ = picture.shape
    side = tf.sqrt(_between(draw[0], *_ERASED))
    stretch = tf.exp(_between(draw[1], -1.0, 1.0) * math.log(_ERASED_STRETCH) / 2)
    sides = side * tf.stack([stretch, 1 / stretch])  # [2], in shares of the picture's side
    low = draw[2:] * (1 - sides) * size
    places = tf.range(size, dtype=tf.float32)[:, None]
    rows, columns = tf.unstack((places >= low) & (places < low + sides * size), axis=1)  # [S], [S]
    return tf.where((rows[:, None] & columns)[..., None], float(PIXEL_ZERO), picture)


def _light(picture: tf.Tensor, draw: tf.Tensor, config: Augmentation) -> tf.Tensor:
    """Change contrast, brightness and colours of a picture [H, W, 3] in 0..255 by five random numbers; normalize it."""
    contrast = 1 + config.contrast * _between(draw[0], -1.0, 1.0)
    brightness = 1 + 2 * config.brightness * _between(draw[1], -1.0, 1.0)
    cast = 1 + config.colour * _between(draw[2:5], -1.0, 1.0)  # [3]
    gain = contrast * cast / PIXEL_SCALE
    offset = brightness * cast - 1 - PIXEL_ZERO * gain
    # As [H, W * 3], because a product with a last axis of 3 takes five times as long.
    height, width, _ = picture.shape
    rows = tf.reshape(picture, [height, width * 3]) * tf.tile(gain, [width]) + tf.tile(offset, [width])
    return tf.reshape(tf.clip_by_value(rows, DARKEST, BRIGHTEST), picture.shape)


def _between(draw: tf.Tensor, low: float | tf.Tensor, high: float | tf.Tensor) -> tf.Tensor:
    """Map random numbers in 0..1 to low..high."""
    return low + draw * (high - low)
