"""Fake quantization: the scheme, where ranges start, and its gradient."""

import octet.common.tensorflow  # noqa: F401  # first, for it imports TensorFlow without a word on the terminal
