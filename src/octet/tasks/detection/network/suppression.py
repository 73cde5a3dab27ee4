"""From the network's outputs to detections: decoding and suppression per class, as the TFLite op does them."""

from octet.common.tensorflow import tf
from octet.recipe.detection import Suppression
from octet.tasks.detection.network import boxes as box_math


def detect(
    codes: tf.Tensor, scores: tf.Tensor, anchors: tf.Tensor, how: Suppression
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """Codes [N, A, 4] and scores [N, A, C] to boxes [N, D, 4], classes [N, D], scores [N, D] and counts [N]."""
    decoded = box_math.decode(codes, anchors)
    found = tf.image.combined_non_max_suppression(
        decoded[:, :, None, :],
        scores,
        max_output_size_per_class=how.max_detections,
        max_total_size=how.max_detections,
        iou_threshold=how.iou_threshold,
        score_threshold=how.score_threshold,
        clip_boxes=False,
    )
    return found.nmsed_boxes, found.nmsed_classes, found.nmsed_scores, found.valid_detections
