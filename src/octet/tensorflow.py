"""TensorFlow and Keras, imported and started without a word on the terminal."""

import logging

from octet.silence import silence

with silence():
    import tensorflow as tf
    import tf_keras as keras

    tf.constant(0)  # the first op starts the runtime, and that is when it talks
tf.get_logger().setLevel(logging.ERROR)

__all__ = ["keras", "tf"]
