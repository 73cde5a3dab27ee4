"""The normalization of pixels for the networks."""

from octet.common.tensorflow import tf

# A uint8 pixel p means (p - 128) / 128, so that the quantized input *is* the pixel: zero point 128, scale 1/128.
PIXEL_ZERO = 128.0
PIXEL_SCALE = 128.0
DARKEST, BRIGHTEST = ((pixel - PIXEL_ZERO) / PIXEL_SCALE for pixel in (0, 255))


def normalize(pixels: tf.Tensor) -> tf.Tensor:
    """Convert pixel values 0..255 to -1..1, the input range of the float networks; the shape stays."""
    return (tf.cast(pixels, tf.float32) - PIXEL_ZERO) / PIXEL_SCALE
