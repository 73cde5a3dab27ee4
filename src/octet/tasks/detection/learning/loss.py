"""The loss: focal for classes, Huber for boxes, both per object's anchor of the batch."""

from collections.abc import Sequence

from octet.common.tensorflow import tf
from octet.recipe.detection import Loss
from octet.tasks.detection.learning.matching import IGNORED


def losses(targets: Sequence[tf.Tensor], predictions: Sequence[tf.Tensor], config: Loss) -> dict[str, tf.Tensor]:
    """Of box codes [N, A, 4] and classes [N, A] as they should be, and of codes and logits [N, A, C] as they are."""
    (codes, classes), (predicted_codes, logits) = targets, predictions
    return {"boxes": box_loss(codes, classes, predicted_codes, config), "classes": class_loss(classes, logits, config)}


def class_loss(target: tf.Tensor, logits: tf.Tensor, config: Loss) -> tf.Tensor:
    """Focal loss of logits [N, A, C] against classes [N, A], summed and divided by the objects' anchors."""
    truth = tf.one_hot(target, logits.shape[-1])  # [N, A, C]; background and ignored are all zeros
    wrong = logits * (1 - 2 * truth)  # by how much each logit leans to the wrong side
    cross_entropy = tf.nn.softplus(wrong)
    # sigmoid(wrong) ** gamma; a power takes longer than all the rest.
    miss = tf.exp(config.focal_gamma * (wrong - cross_entropy))
    balance = (1 - config.focal_alpha) + (2 * config.focal_alpha - 1) * truth
    counts = tf.cast(target != IGNORED, tf.float32)[..., None]
    return tf.reduce_sum(counts * balance * miss * cross_entropy) / _objects(target)


def box_loss(target: tf.Tensor, classes: tf.Tensor, codes: tf.Tensor, config: Loss) -> tf.Tensor:
    """Huber loss of codes [N, A, 4] against those wanted where classes [N, A] tell of an object, divided likewise."""
    is_object = tf.cast(classes >= 0, tf.float32)[..., None]
    return config.box_weight * tf.reduce_sum(is_object * _huber(target - codes, config)) / _objects(classes)


def distillation_losses(
    taught: Sequence[tf.Tensor], predictions: Sequence[tf.Tensor], config: Loss
) -> dict[str, tf.Tensor]:
    """Of codes [N, A, 4] and logits [N, A, C] that a teacher predicts of the same pictures, and of the network's.

    Anchors count by how sure the teacher is that they hold an object.
    """
    (codes, logits), (predicted_codes, predicted_logits) = taught, predictions
    scores = tf.sigmoid(logits)  # [N, A, C]
    sure = tf.reduce_max(scores, axis=-1)  # [N, A]
    objects = tf.maximum(tf.reduce_sum(sure), 1.0)
    apart = tf.abs(scores - tf.sigmoid(predicted_logits)) ** config.focal_gamma
    cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(scores, predicted_logits)
    boxes = tf.reduce_sum(sure[..., None] * _huber(codes - predicted_codes, config))
    return {
        "boxes": config.box_weight * boxes / objects,
        "classes": tf.reduce_sum(tf.stop_gradient(apart) * cross_entropy) / objects,
    }


def _huber(difference: tf.Tensor, config: Loss) -> tf.Tensor:
    error = tf.abs(difference)
    return tf.where(error < config.huber_delta, 0.5 * error**2 / config.huber_delta, error - 0.5 * config.huber_delta)


def _objects(classes: tf.Tensor) -> tf.Tensor:
    """How many anchors answer for an object; 1 where none does."""
    return tf.maximum(tf.reduce_sum(tf.cast(classes >= 0, tf.float32)), 1.0)
