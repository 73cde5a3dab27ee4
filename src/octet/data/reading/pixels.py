"""The normalization of pixels for the networks."""

from octet.common.tensorflow import tf
from octet.data.reading.pixel_scale import PIXEL_SCALE, PIXEL_ZERO


def normalize(pixels: tf.Tensor) -> tf.Tensor:
    """Convert pixel values 0..255 to -1..1, the input range of the float networks; the shape stays."""
    return (tf.cast(pixels, tf.float32) - PIXEL_ZERO) / PIXEL_SCALE
