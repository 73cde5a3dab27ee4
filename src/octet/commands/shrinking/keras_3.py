"""Today's Keras, beside the one that TFMOT needs."""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"  # whatever ~/.keras says: what is loaded becomes TensorFlow's graph
import keras as keras_3

__all__ = ["keras_3"]
