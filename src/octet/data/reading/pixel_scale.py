"""What a pixel means to the networks, for code that runs files without TensorFlow as well."""

# A uint8 pixel p means (p - 128) / 128, so that the quantized input *is* the pixel: zero point 128, scale 1/128.
PIXEL_ZERO = 128.0
PIXEL_SCALE = 128.0
DARKEST, BRIGHTEST = ((pixel - PIXEL_ZERO) / PIXEL_SCALE for pixel in (0, 255))
