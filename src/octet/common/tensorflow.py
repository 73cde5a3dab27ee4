"""TensorFlow, Keras and the schema of TFLite files, imported without messages on the terminal."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from octet.common.errors import UserError, first_line
from octet.common.silence import silence

with silence():
    import tensorflow as tf
    import tf_keras as keras
    from tensorflow.compiler.xla.tsl.protobuf import coordination_config_pb2
    from tensorflow.core.protobuf import config_pb2, rewriter_config_pb2
    from tensorflow.lite.python import schema_py_generated as tflite
    from tensorflow.python.eager import context
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
tf.get_logger().setLevel(logging.ERROR)


@contextmanager
def report_write_errors(output: str) -> Iterator[None]:
    """Raise a UserError that names `output` when it cannot be written; TensorFlow raises its own kinds of errors."""
    try:
        yield
    except (OSError, tf.errors.OpError) as error:
        raise UserError(f"cannot write {output}: {first_line(error)}") from None


__all__ = [
    "config_pb2",
    "context",
    "convert_variables_to_constants_v2",
    "coordination_config_pb2",
    "keras",
    "report_write_errors",
    "rewriter_config_pb2",
    "tf",
    "tflite",
]
