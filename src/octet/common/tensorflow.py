"""TensorFlow, Keras and the schema of TFLite files, imported without messages on the terminal."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from octet.common.errors import UserError, first_line
from octet.common.imports import uncollected
from octet.common.silence import silence

with silence(), uncollected():
    import tensorflow as tf
    import tf_keras as keras
    from tensorflow.compiler.xla.tsl.protobuf import coordination_config_pb2
    from tensorflow.core.protobuf import config_pb2, rewriter_config_pb2
    from tensorflow.lite.python import schema_py_generated as tflite
    from tensorflow.python.eager import context
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
tf.get_logger().setLevel(logging.ERROR)

# A decorator: AutoGraph does not look for Python's control flow in what the function calls. There is none in our code,
# in Keras or in TFMOT, and to find that out takes a quarter of a training's start.
without_autograph = tf.autograph.experimental.do_not_convert


def traced(function: Callable[..., Any], **options: Any) -> Any:
    """The function as a graph, by `tf.function` with these options but without AutoGraph."""
    return tf.function(without_autograph(function), **options)


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
    "traced",
    "without_autograph",
]
