"""A gradient of fake quantization made of ops that a GPU runs deterministically.

TensorFlow's own gradient is one kernel, which refuses to run on a GPU under op determinism.
"""

from typing import Any

from tensorflow.python.framework.ops import gradient_registry

from octet.common.tensorflow import tf


def use_deterministic_gradients() -> None:
    """Replace the gradient of TensorFlow's fake-quantization ops in this process; their forward pass stays as it is.

    TensorFlow's own way to choose a gradient, `Graph.gradient_override_map`, has no effect on gradient tapes.
    """
    for op in ("FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel"):
        gradient_registry._registry.pop(op)  # a second gradient for the same op would be refused
        tf.RegisterGradient(op)(_gradients)


def _gradients(op: Any, upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The gradients for inputs, minimum and maximum, as TensorFlow's kernels compute them.

    The gradient of an input in the range goes to the input; of one beyond an end of the range, to that end.
    """
    inputs, minimum, maximum = op.inputs  # [..., C] with [C] and [C], or with [] and []
    low, high = _ends(minimum, maximum, op.get_attr("num_bits"), op.get_attr("narrow_range"))
    axes = range(inputs.shape.rank - minimum.shape.rank)

    def upstream_where(mask: tf.Tensor) -> tf.Tensor:
        return upstream * tf.cast(mask, upstream.dtype)  # a product, as in the kernels: not finite stays not finite

    return (
        upstream_where((inputs >= low) & (inputs <= high)),
        tf.reduce_sum(upstream_where(inputs < low), axes),
        tf.reduce_sum(upstream_where(inputs > high), axes),
    )


def _ends(minimum: tf.Tensor, maximum: tf.Tensor, bits: int, narrow: bool) -> tuple[tf.Tensor, tf.Tensor]:
    """The ends of the range after it is moved so that zero is one of its steps, bit for bit as the kernels do it."""
    bottom, top = int(narrow), 2**bits - 1
    # Not `/`, which the graph's optimizer turns into a product with the inverse, whose last bits differ.
    scale = tf.math.divide_no_nan(maximum - minimum, float(top - bottom))
    zero = tf.clip_by_value(bottom - minimum / scale, bottom, top)
    whole = tf.floor(zero)
    zero = whole + tf.cast(zero - whole >= 0.5, zero.dtype)  # halves go up, where tf.round goes to the even one
    unset = (minimum == 0) & (maximum == 0)  # such a range stands for no rounding at all
    return tf.where(unset, -float("inf"), (bottom - zero) * scale), tf.where(unset, float("inf"), (top - zero) * scale)
