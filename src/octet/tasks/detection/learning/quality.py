"""The loss of a score that tells how well a cell's box fits an object."""

from octet.common.tensorflow import tf


def quality_focal(quality: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """The cross entropy of every score with its target in 0..1, times their squared difference; all of one shape.

    This is the quality focal loss of Li et al. (2020) with its exponent of 2.
    """
    return tf.square(quality - tf.sigmoid(logits)) * tf.nn.sigmoid_cross_entropy_with_logits(quality, logits)
