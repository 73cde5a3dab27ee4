"""What quantize is made of: any Keras model or SavedModel, samples, and the schemes to shrink it by."""

import octet.common.tensorflow  # noqa: F401  # first, for it imports TensorFlow without a word on the terminal
