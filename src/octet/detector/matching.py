"""Which anchor answers for which object, and what it must say."""

from octet.detector import boxes as box_math
from octet.recipe import Matching
from octet.tensorflow import tf

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
    """What the network should say: box codes with a last column that is 1 where there is an object [A, 5], and
    the class [A], BACKGROUND or IGNORED."""
    matched = match(boxes, anchors, how)
    is_object = matched >= 0
    object_of = tf.where(is_object, matched, tf.shape(boxes)[0])  # the padding row, where there is no object
    codes = box_math.codes(tf.gather(tf.pad(boxes, [[0, 1], [0, 0]]), object_of), anchors)
    class_of = tf.gather(tf.pad(tf.cast(classes, tf.int32), [[0, 1]]), object_of)
    said = [tf.where(is_object, code, 0.0) for code in codes]
    flagged = tf.stack([*said, tf.cast(is_object, tf.float32)], axis=1)
    return flagged, tf.where(is_object, class_of, matched)


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
