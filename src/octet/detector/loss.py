"""The loss: focal for classes, Huber for boxes, both per object's anchor of the batch."""

from collections.abc import Sequence

from octet.detector.matching import IGNORED
from octet.recipe import Loss
from octet.tensorflow import tf


def losses(wanted: Sequence[tf.Tensor], said: Sequence[tf.Tensor], how: Loss) -> dict[str, tf.Tensor]:
    """Of codes and classes that the network should say, and of the codes and logits that it says."""
    (codes, classes), (said_codes, logits) = wanted, said
    return {"boxes": box_loss(codes, said_codes, how), "classes": class_loss(classes, logits, how)}


def class_loss(target: tf.Tensor, logits: tf.Tensor, how: Loss) -> tf.Tensor:
    """Focal loss of logits [N, A, C] against classes [N, A], summed and divided by the objects' anchors."""
    truth = tf.one_hot(target, tf.shape(logits)[-1])  # [N, A, C]; background and ignored are all zeros
    cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(truth, logits)
    confidence = tf.sigmoid(logits)
    miss = truth * (1 - confidence) + (1 - truth) * confidence
    balance = truth * how.focal_alpha + (1 - truth) * (1 - how.focal_alpha)
    counts = tf.cast(target != IGNORED, tf.float32)[..., None]
    loss = counts * balance * tf.pow(miss, how.focal_gamma) * cross_entropy
    return tf.reduce_sum(loss) / tf.maximum(tf.reduce_sum(truth), 1.0)


def box_loss(target: tf.Tensor, codes: tf.Tensor, how: Loss) -> tf.Tensor:
    """Huber loss of codes [N, A, 4] against flagged codes [N, A, 5], divided by the number of the objects' anchors."""
    error = tf.abs(target[..., :4] - codes)
    is_object = target[..., 4:]
    huber = tf.where(error < how.huber_delta, 0.5 * error**2 / how.huber_delta, error - 0.5 * how.huber_delta)
    return how.box_weight * tf.reduce_sum(is_object * huber) / tf.maximum(tf.reduce_sum(is_object), 1.0)
