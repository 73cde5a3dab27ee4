"""The loss: focal for classes, Huber for boxes, both per object's anchor of the batch."""

from collections.abc import Sequence

from octet.detector.matching import IGNORED
from octet.recipe import Loss
from octet.tensorflow import tf


def losses(wanted: Sequence[tf.Tensor], said: Sequence[tf.Tensor], how: Loss) -> dict[str, tf.Tensor]:
    """Of codes and classes that the network should say, and of the codes and logits that it says."""
    (codes, classes), (said_codes, logits) = wanted, said
    return {"boxes": box_loss(codes, classes, said_codes, how), "classes": class_loss(classes, logits, how)}


def class_loss(target: tf.Tensor, logits: tf.Tensor, how: Loss) -> tf.Tensor:
    """Focal loss of logits [N, A, C] against classes [N, A], summed and divided by the objects' anchors."""
    truth = tf.one_hot(target, logits.shape[-1])  # [N, A, C]; background and ignored are all zeros
    wrong = logits * (1 - 2 * truth)  # by how much each logit leans to the wrong side
    cross_entropy = tf.nn.softplus(wrong)
    # sigmoid(wrong) ** gamma; a power takes longer than all the rest.
    miss = tf.exp(how.focal_gamma * (wrong - cross_entropy))
    balance = (1 - how.focal_alpha) + (2 * how.focal_alpha - 1) * truth
    counts = tf.cast(target != IGNORED, tf.float32)[..., None]
    return tf.reduce_sum(counts * balance * miss * cross_entropy) / _objects(target)


def box_loss(target: tf.Tensor, classes: tf.Tensor, codes: tf.Tensor, how: Loss) -> tf.Tensor:
    """Huber loss of codes [N, A, 4] against those wanted where classes [N, A] tell of an object, divided likewise."""
    is_object = tf.cast(classes >= 0, tf.float32)[..., None]
    return how.box_weight * tf.reduce_sum(is_object * _huber(target - codes, how)) / _objects(classes)


def distillation_losses(taught: Sequence[tf.Tensor], said: Sequence[tf.Tensor], how: Loss) -> dict[str, tf.Tensor]:
    """Of codes and logits that another network says of the same pictures, and of those that this one says.

    Anchors count by how sure the other is that they hold an object.
    """
    (codes, logits), (said_codes, said_logits) = taught, said
    scores = tf.sigmoid(logits)  # [N, A, C]
    sure = tf.reduce_max(scores, axis=-1)  # [N, A]
    objects = tf.maximum(tf.reduce_sum(sure), 1.0)
    apart = tf.abs(scores - tf.sigmoid(said_logits)) ** how.focal_gamma
    cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(scores, said_logits)
    boxes = tf.reduce_sum(sure[..., None] * _huber(codes - said_codes, how))
    return {
        "boxes": how.box_weight * boxes / objects,
        "classes": tf.reduce_sum(tf.stop_gradient(apart) * cross_entropy) / objects,
    }


def _huber(difference: tf.Tensor, how: Loss) -> tf.Tensor:
    error = tf.abs(difference)
    return tf.where(error < how.huber_delta, 0.5 * error**2 / how.huber_delta, error - 0.5 * how.huber_delta)


def _objects(classes: tf.Tensor) -> tf.Tensor:
    """How many anchors answer for an object; 1 where none does."""
    return tf.maximum(tf.reduce_sum(tf.cast(classes >= 0, tf.float32)), 1.0)
