"""Matches anchors with objects, and makes the targets that the network is trained towards."""

from octet.common.tensorflow import tf
from octet.recipe.detection import Matching
from octet.tasks.detection.network import boxes as box_math

BACKGROUND = -1
IGNORED = -2


def match_anchors(boxes: tf.Tensor, anchors: tf.Tensor, matching: Matching) -> tf.Tensor:
    """For every anchor [A] the index of its object, BACKGROUND, or IGNORED where the overlap is between the thresholds.

    Boxes [G, 4] are corners, anchors [A, 4] centre and size. Every object gets one anchor of its own even if they
    overlap little; the pairs with the largest overlaps are matched first.
    """
    overlap = box_math.iou_matrix(boxes, box_math.centre_to_corners(anchors))  # [G, A]
    # A row of zeros lets a picture without objects through the same arithmetic.
    padded = tf.pad(overlap, [[0, 1], [0, 0]])
    best = tf.reduce_max(padded, axis=0)  # [A]
    index = tf.argmax(padded, axis=0, output_type=tf.int32)
    unmatched = tf.where(best < matching.negative_iou, BACKGROUND, IGNORED)
    matched = tf.where(best >= matching.positive_iou, index, unmatched)
    return _assign_best_anchors(overlap, matched)


def make_targets(
    boxes: tf.Tensor, classes: tf.Tensor, anchors: tf.Tensor, matching: Matching
) -> tuple[tf.Tensor, tf.Tensor]:
    """The targets of one picture: box codes [A, 4] and classes [A].

    Boxes [G, 4] are corners, anchors [A, 4] centre and size. An anchor without an object has a code of zeros, and
    BACKGROUND or IGNORED as its class.
    """
    matched = match_anchors(boxes, anchors, matching)
    positive = tf.where(matched >= 0)  # [P, 1], the few anchors that are matched with an object
    object_index = tf.gather_nd(matched, positive)  # [P]
    positive_codes = box_math.encode_boxes(tf.gather(boxes, object_index), tf.gather_nd(anchors, positive))
    codes = tf.scatter_nd(positive, positive_codes, tf.shape(anchors, out_type=tf.int64))
    positive_classes = tf.gather(tf.cast(classes, tf.int32), object_index)
    return codes, tf.tensor_scatter_nd_update(matched, positive, positive_classes)


@tf.function  # for the branch and the loop: whoever calls this may not be converted to a graph
def _assign_best_anchors(overlap: tf.Tensor, matched: tf.Tensor) -> tf.Tensor:
    """The matches [A] after every object got the anchor that it overlaps most, from overlaps [G, A].

    Objects and anchors are paired greedily: the pair with the largest overlap first, each object and anchor once.
    """
    objects, anchors = tf.unstack(tf.shape(overlap))
    best = tf.argmax(overlap, axis=1, output_type=tf.int32)  # [G]
    if tf.size(tf.unique(best)[0]) == objects:  # nearly always: no two objects have the same best anchor
        return tf.tensor_scatter_nd_update(matched, best[:, None], tf.range(objects))
    for _ in tf.range(objects):
        pair = tf.argmax(tf.reshape(overlap, [-1]), output_type=tf.int32)
        row, column = pair // anchors, pair % anchors
        matched = tf.tensor_scatter_nd_update(matched, [[column]], [row])
        taken = (tf.range(objects) == row)[:, None] | (tf.range(anchors) == column)[None, :]
        overlap = tf.ensure_shape(tf.where(taken, -1.0, overlap), overlap.shape)
    return matched
