"""Fake quantization: its scheme, its ranges and its gradient."""

import octet.common.tensorflow  # noqa: F401  # first, for it imports TensorFlow and keeps it from printing
