"""The losses: of class scores that tell how well a box fits, and of the boxes, by their overlap with the objects."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from octet.common.replicas import sum_over_replicas
from octet.common.tensorflow import tf
from octet.recipe.detection import Loss, Training
from octet.tasks.detection.learning.assignment import NOTHING, Assigned, assign_cells
from octet.tasks.detection.learning.quality import quality_focal
from octet.tasks.detection.network.boxes import decode_boxes, generalized_iou


def supervised_losses(
    targets: Sequence[tf.Tensor],  # boxes [N, G, 4] as corners, and classes [N, G]
    predictions: Sequence[tf.Tensor],  # box codes [N, A, 4] and class logits [N, A, C]
    cells: NDArray[np.float32],  # [A, 4]
    plan: Training,
) -> dict[str, tf.Tensor]:
    """The losses of predictions against the objects, each of which the cells learn that predict it best already."""
    (boxes, classes), (codes, logits) = targets, predictions
    if not plan.has_fixed_shapes:
        boxes, classes = _without_empty_rows(boxes, classes)
    predicted = decode_boxes(codes, cells)  # [N, A, 4]
    assigned = assign_cells(
        boxes, classes, tf.stop_gradient(predicted), tf.stop_gradient(logits), cells, plan.assignment
    )
    return {"boxes": box_loss(assigned, predicted, plan.loss), "classes": class_loss(assigned, logits)}


def _without_empty_rows(boxes: tf.Tensor, classes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The objects [N, G, 4], [N, G] without the last rows that hold none in any picture; one is left in any case.

    A data set's fullest picture can have ten times as many objects as others, and assigning would take as much longer.
    """
    most = tf.reduce_max(tf.math.count_nonzero(classes != NOTHING, axis=1))
    return boxes[:, : tf.maximum(most, 1)], classes[:, : tf.maximum(most, 1)]


def class_loss(assigned: Assigned, logits: tf.Tensor) -> tf.Tensor:
    """Quality focal loss of logits [N, A, C], summed and divided by the number of objects' cells.

    The score of an object's class learns how well the cell's box fits, all other scores learn to be zero.
    """
    quality = tf.one_hot(assigned.classes, logits.shape[-1]) * assigned.ious[..., None]  # [N, A, C]
    return tf.reduce_sum(quality_focal(quality, logits)) / _object_cells(assigned)


def box_loss(assigned: Assigned, boxes: tf.Tensor, config: Loss) -> tf.Tensor:
    """One minus the generalized IoU of boxes [N, A, 4] with the objects' at their cells, summed and divided by the
    number of these cells."""
    is_object = tf.cast(assigned.classes != NOTHING, tf.float32)
    total = tf.reduce_sum(is_object * (1 - generalized_iou(assigned.boxes, boxes)))
    return config.box_weight * total / _object_cells(assigned)


def distillation_losses(
    teacher_predictions: Sequence[tf.Tensor],
    predictions: Sequence[tf.Tensor],
    cells: NDArray[np.float32],  # [A, 4]
    config: Loss,
) -> dict[str, tf.Tensor]:
    """The losses of the network's box codes [N, A, 4] and logits [N, A, C] against a teacher's for the same pictures.

    A cell counts as much as the highest class score that the teacher gives it.
    """
    (teacher_codes, teacher_logits), (codes, logits) = teacher_predictions, predictions
    teacher_scores = tf.sigmoid(teacher_logits)  # [N, A, C]
    weight = tf.reduce_max(teacher_scores, axis=-1)  # [N, A]
    total_weight = tf.maximum(sum_over_replicas(tf.reduce_sum(weight)), 1.0)
    misfit = 1 - generalized_iou(decode_boxes(teacher_codes, cells), decode_boxes(codes, cells))  # [N, A]
    return {
        "boxes": config.box_weight * tf.reduce_sum(weight * misfit) / total_weight,
        "classes": tf.reduce_sum(quality_focal(teacher_scores, logits)) / total_weight,
    }


def _object_cells(assigned: Assigned) -> tf.Tensor:
    """The number of cells in the batch, over all replicas, that learn an object; 1 where there is none."""
    return tf.maximum(sum_over_replicas(tf.reduce_sum(tf.cast(assigned.classes != NOTHING, tf.float32))), 1.0)
