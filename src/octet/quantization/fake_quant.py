"""Fake quantization's gradient, in ops that a GPU runs deterministically.

TensorFlow's own is one kernel, which refuses to run on a GPU under op determinism.
"""

from typing import Any

from tensorflow.python.framework.ops import gradient_registry

from octet.common.tensorflow import tf


def use_deterministic_gradients() -> None:
    """From here on this process differentiates fake quantization as below; forwards it stays TensorFlow's plain op.

    TensorFlow's own way to choose a gradient, `Graph.gradient_override_map`, is not heeded by tapes.
    """
    for op in ("FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel"):
        gradient_registry._registry.pop(op)  # none can be registered over another
        tf.RegisterGradient(op)(_gradients)


def _gradients(op: Any, upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """As the kernels have it: an input in the range passes its gradient on, one beyond an end gives it to that end."""
    inputs, minimum, maximum = op.inputs  # [..., C] with [C] and [C], or with [] and []
    low, high = _ends(minimum, maximum, op.get_attr("num_bits"), op.get_attr("narrow_range"))
    axes = range(inputs.shape.rank - minimum.shape.rank)

    def at(mask: tf.Tensor) -> tf.Tensor:
        return upstream * tf.cast(mask, upstream.dtype)  # a product, as in the kernels: what is not finite shows

    return (
        at((inputs >= low) & (inputs <= high)),
        tf.reduce_sum(at(inputs < low), axes),
        tf.reduce_sum(at(inputs > high), axes),
    )


def _ends(minimum: tf.Tensor, maximum: tf.Tensor, bits: int, narrow: bool) -> tuple[tf.Tensor, tf.Tensor]:
    """The range, moved so that zero is one of its steps: the kernels' arithmetic, to the last bit."""
    bottom, top = int(narrow), 2**bits - 1
    # Not `/`, which the graph's optimizer makes a product with the inverse: that ends in other last bits.
    scale = tf.math.divide_no_nan(maximum - minimum, float(top - bottom))
    zero = tf.clip_by_value(bottom - minimum / scale, bottom, top)
    whole = tf.floor(zero)
    zero = whole + tf.cast(zero - whole >= 0.5, zero.dtype)  # halves go up, where tf.round goes to the even one
    unset = (minimum == 0) & (maximum == 0)  # a range that lets everything pass
    return tf.where(unset, -float("inf"), (bottom - zero) * scale), tf.where(unset, float("inf"), (top - zero) * scale)
