"""Turns the network's outputs into detections by non-maximum suppression per class, like TFLite's own operator."""

from octet.common.tensorflow import tf
from octet.recipe.detection import Suppression
from octet.tasks.detection.network import boxes as box_math


def suppress(
    codes: tf.Tensor, scores: tf.Tensor, cells: tf.Tensor, suppression: Suppression
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """Decode the boxes, and of boxes of a class that overlap keep the one with the highest score.

    From box codes [N, A, 4], scores [N, A, C] and cells [A, 4] as centre and size to boxes [N, D, 4] as corners,
    classes [N, D], scores [N, D] and the number of detections of each picture [N].
    """
    decoded = box_math.decode_boxes(codes, cells)
    kept = tf.image.combined_non_max_suppression(
        decoded[:, :, None, :],
        scores,
        max_output_size_per_class=suppression.max_detections,
        max_total_size=suppression.max_detections,
        iou_threshold=suppression.iou_threshold,
        score_threshold=suppression.score_threshold,
        clip_boxes=False,
    )
    return kept.nmsed_boxes, kept.nmsed_classes, kept.nmsed_scores, kept.valid_detections
