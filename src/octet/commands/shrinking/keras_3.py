"""Keras 3, beside the Keras 2 that TFMOT needs."""

import os

import octet.common.tensorflow  # noqa: F401  # first, because it keeps TensorFlow's import quiet

os.environ["KERAS_BACKEND"] = "tensorflow"  # whatever ~/.keras says: what is loaded becomes TensorFlow's graph
import keras as keras_3

__all__ = ["keras_3"]
