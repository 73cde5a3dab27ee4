"""TensorFlow, Keras and the schema of TFLite files, imported without a word on the terminal."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from octet.common.errors import UserError, first_line
from octet.common.silence import silence

with silence():
    import tensorflow as tf
    import tf_keras as keras
    from tensorflow.lite.python import schema_py_generated as tflite
tf.get_logger().setLevel(logging.ERROR)


@contextmanager
def writing(what: str) -> Iterator[None]:
    """Say plainly that the disk refused: TensorFlow's writers raise errors of their own."""
    try:
        yield
    except (OSError, tf.errors.OpError) as error:
        raise UserError(f"cannot write {what}: {first_line(error)}") from None


__all__ = ["keras", "tf", "tflite", "writing"]
