"""Which anchor answers for which object, and what it must say."""

from octet.common.tensorflow import tf
from octet.recipe.detection import Matching
from octet.tasks.detection.network import boxes as box_math

BACKGROUND = -1
IGNORED = -2


def match(boxes: tf.Tensor, anchors: tf.Tensor, how: Matching) -> tf.Tensor:
    """For every anchor [A] the index of its object, BACKGROUND, or IGNORED where the overlap leaves it open.

    Every object gets one anchor of its own whatever the overlap, the best pairs first.
    """
    overlap = box_math.iou(boxes, box_math.to_corners(anchors))  # [G, A]
    # A row of zeros lets a picture without objects through the same arithmetic.
    padded = tf.pad(overlap, [[0, 1], [0, 0]])
    best = tf.reduce_max(padded, axis=0)  # [A]
    index = tf.argmax(padded, axis=0, output_type=tf.int32)
    matched = tf.where(best >= how.positive_iou, index, tf.where(best < how.negative_iou, BACKGROUND, IGNORED))
    return _give_each_its_best(overlap, matched)


def targets(boxes: tf.Tensor, classes: tf.Tensor, anchors: tf.Tensor, how: Matching) -> tuple[tf.Tensor, tf.Tensor]:
    """What the network should say: box codes [A, 4], zeros where there is no object, and the class [A], BACKGROUND or
    IGNORED."""
    matched = match(boxes, anchors, how)
    those = tf.where(matched >= 0)  # [P, 1], the few anchors that answer for an object
    object_of = tf.gather_nd(matched, those)  # [P]
    said = box_math.encode(tf.gather(boxes, object_of), tf.gather_nd(anchors, those))
    codes = tf.scatter_nd(those, said, tf.shape(anchors, out_type=tf.int64))
    class_of = tf.gather(tf.cast(classes, tf.int32), object_of)
    return codes, tf.tensor_scatter_nd_update(matched, those, class_of)


@tf.function  # for the branch and the loop: whoever calls this may not be converted to a graph
def _give_each_its_best(overlap: tf.Tensor, matched: tf.Tensor) -> tf.Tensor:
    """Greedily, the best pair of all first: then its object and its anchor are taken."""
    objects, anchors = tf.unstack(tf.shape(overlap))
    best = tf.argmax(overlap, axis=1, output_type=tf.int32)  # [G]
    if tf.size(tf.unique(best)[0]) == objects:  # nearly always: no two want the same
        return tf.tensor_scatter_nd_update(matched, best[:, None], tf.range(objects))
    for _ in tf.range(objects):
        pair = tf.argmax(tf.reshape(overlap, [-1]), output_type=tf.int32)
        row, column = pair // anchors, pair % anchors
        matched = tf.tensor_scatter_nd_update(matched, [[column]], [row])
        taken = (tf.range(objects) == row)[:, None] | (tf.range(anchors) == column)[None, :]
        overlap = tf.ensure_shape(tf.where(taken, -1.0, overlap), overlap.shape)
    return matched
