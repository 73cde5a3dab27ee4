"""TensorFlow and Keras, imported and started without a word on the terminal."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from octet.errors import UserError
from octet.silence import silence

with silence():
    import tensorflow as tf
    import tf_keras as keras

    # One op after another, each on all cores: side by side, oneDNN's kernels now and then end in other last bits.
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.constant(0)  # the first op starts the runtime, and that is when it talks
tf.get_logger().setLevel(logging.ERROR)


@contextmanager
def writing(what: str) -> Iterator[None]:
    """Say plainly that the disk refused: TensorFlow's writers raise errors of their own."""
    try:
        yield
    except (OSError, tf.errors.OpError) as error:
        raise UserError(f"cannot write {what}: {str(error).splitlines()[0]}") from None


__all__ = ["keras", "tf", "writing"]
