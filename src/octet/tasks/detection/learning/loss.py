"""The losses: focal loss for classes and Huber loss for boxes, divided by the number of cells that hold an object."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from octet.common.tensorflow import tf
from octet.recipe.detection import Loss, Training
from octet.tasks.detection.learning.assignment import NOTHING, assign_cells
from octet.tasks.detection.network.boxes import decode_boxes, encode_boxes


def supervised_losses(
    targets: Sequence[tf.Tensor],  # boxes [N, G, 4] as corners, and classes [N, G]
    predictions: Sequence[tf.Tensor],  # box codes [N, A, 4] and class logits [N, A, C]
    cells: NDArray[np.float32],  # [A, 4]
    plan: Training,
) -> dict[str, tf.Tensor]:
    """The losses of predictions against the objects, each of which the cells learn that predict it best already."""
    (boxes, classes), (codes, logits) = targets, predictions
    if not plan.xla:  # which takes no tensor of a size that changes
        boxes, classes = _without_empty_rows(boxes, classes)
    predicted = tf.stop_gradient(decode_boxes(codes, cells))
    assigned = assign_cells(boxes, classes, predicted, tf.stop_gradient(logits), cells, plan.assignment)
    return {
        "boxes": box_loss(encode_boxes(assigned.boxes, cells), assigned.classes, codes, plan.loss),
        "classes": class_loss(assigned.classes, logits, plan.loss),
    }


def _without_empty_rows(boxes: tf.Tensor, classes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The objects [N, G, 4], [N, G] without the last rows that hold none in any picture; one is left in any case.

    A data set's fullest picture can have ten times as many objects as others, and assigning would take as much longer.
    """
    most = tf.reduce_max(tf.math.count_nonzero(classes != NOTHING, axis=1))
    return boxes[:, : tf.maximum(most, 1)], classes[:, : tf.maximum(most, 1)]


def class_loss(target_classes: tf.Tensor, logits: tf.Tensor, config: Loss) -> tf.Tensor:
    """Focal loss of logits [N, A, C] against classes [N, A], summed and divided by the number of objects' cells."""
    truth = tf.one_hot(target_classes, logits.shape[-1])  # [N, A, C]; all zeros where there is no object
    wrong = logits * (1 - 2 * truth)  # larger where the prediction is worse
    cross_entropy = tf.nn.softplus(wrong)
    # sigmoid(wrong) ** gamma; a power takes longer than all the rest.
    modulation = tf.exp(config.focal_gamma * (wrong - cross_entropy))
    balance = (1 - config.focal_alpha) + (2 * config.focal_alpha - 1) * truth
    return tf.reduce_sum(balance * modulation * cross_entropy) / _object_cells(target_classes)


def box_loss(target_codes: tf.Tensor, target_classes: tf.Tensor, codes: tf.Tensor, config: Loss) -> tf.Tensor:
    """Huber loss of box codes [N, A, 4] against target codes [N, A, 4] at the cells whose class [N, A] is an
    object's, summed and divided by the number of these cells."""
    is_object = tf.cast(target_classes != NOTHING, tf.float32)[..., None]
    total = tf.reduce_sum(is_object * _huber(target_codes - codes, config))
    return config.box_weight * total / _object_cells(target_classes)


def distillation_losses(
    teacher_predictions: Sequence[tf.Tensor], predictions: Sequence[tf.Tensor], config: Loss
) -> dict[str, tf.Tensor]:
    """The losses of the network's box codes [N, A, 4] and logits [N, A, C] against a teacher's for the same pictures.

    A cell counts as much as the highest class score that the teacher gives it.
    """
    (teacher_codes, teacher_logits), (codes, logits) = teacher_predictions, predictions
    teacher_scores = tf.sigmoid(teacher_logits)  # [N, A, C]
    weight = tf.reduce_max(teacher_scores, axis=-1)  # [N, A]
    total_weight = tf.maximum(tf.reduce_sum(weight), 1.0)
    modulation = tf.abs(teacher_scores - tf.sigmoid(logits)) ** config.focal_gamma
    cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(teacher_scores, logits)
    boxes = tf.reduce_sum(weight[..., None] * _huber(teacher_codes - codes, config))
    return {
        "boxes": config.box_weight * boxes / total_weight,
        "classes": tf.reduce_sum(tf.stop_gradient(modulation) * cross_entropy) / total_weight,
    }


def _huber(difference: tf.Tensor, config: Loss) -> tf.Tensor:
    error = tf.abs(difference)
    return tf.where(error < config.huber_delta, 0.5 * error**2 / config.huber_delta, error - 0.5 * config.huber_delta)


def _object_cells(target_classes: tf.Tensor) -> tf.Tensor:
    """The number of cells in the batch whose target is an object; 1 where there is none."""
    return tf.maximum(tf.reduce_sum(tf.cast(target_classes != NOTHING, tf.float32)), 1.0)
