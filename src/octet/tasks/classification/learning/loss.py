"""The losses: of class logits against the labels, and against the probabilities that a teacher gives."""

from collections.abc import Sequence

from octet.common.replicas import share_of_mean
from octet.common.tensorflow import tf
from octet.recipe.classification import Loss


def supervised_losses(targets: Sequence[tf.Tensor], logits: tf.Tensor, config: Loss) -> dict[str, tf.Tensor]:
    """The mean cross entropy of logits [N, C] with the classes [N]; smoothing spreads a share over all classes."""
    (classes,) = targets
    count = logits.shape[-1]
    expected = (1 - config.label_smoothing) * tf.one_hot(classes, count) + config.label_smoothing / count  # [N, C]
    return {"classes": share_of_mean(tf.nn.softmax_cross_entropy_with_logits(expected, logits))}


def distillation_losses(teacher_logits: tf.Tensor, logits: tf.Tensor) -> dict[str, tf.Tensor]:
    """The mean divergence (Kullback and Leibler's) of logits [N, C] from a teacher's for the same pictures."""
    expected = tf.nn.log_softmax(teacher_logits)  # [N, C]
    difference = expected - tf.nn.log_softmax(logits)
    return {"classes": share_of_mean(tf.reduce_sum(tf.exp(expected) * difference, axis=-1))}
