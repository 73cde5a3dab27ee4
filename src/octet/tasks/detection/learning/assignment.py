"""Assigns cells to objects by what the network predicts now: each object gets the cells that do best by it.

The costs and the number of cells an object gets follow SimOTA, of YOLOX (Ge et al., 2021).
"""

from typing import NamedTuple

from octet.common.tensorflow import tf
from octet.recipe.detection import Assignment
from octet.tasks.detection.network.boxes import box_area
from octet.tasks.detection.network.cells import CELL_SIDES

NOTHING = -1  # the class of a cell without an object, and of the rows that fill up a picture's objects
_FAR = 1e9  # the cost of a cell that an object cannot have
_LEAST_IOU = 1e-8  # whose logarithm is finite


class Assigned(NamedTuple):
    """For every cell the object that it is trained on."""

    boxes: tf.Tensor  # [N, A, 4], corners; zeros where there is no object
    classes: tf.Tensor  # [N, A], NOTHING where there is no object
    ious: tf.Tensor  # [N, A], of the predicted box with the object's; 0 where there is no object


def assign_cells(
    boxes: tf.Tensor,  # [N, G, 4], corners of the objects
    classes: tf.Tensor,  # [N, G], NOTHING in rows that hold no object
    predicted: tf.Tensor,  # [N, A, 4], corners
    logits: tf.Tensor,  # [N, A, C]
    cells: tf.Tensor,  # [A, 4], centre and size
    plan: Assignment,
) -> Assigned:
    """Give each object the cells with the lowest costs, as many as their overlaps add up to, and at least one.

    Only cells whose centre lies in the object or near its middle come into question; both is preferred. A cell that
    several objects ask for goes to the one for which it costs least.
    """
    is_object = classes != NOTHING  # [N, G]
    inside, central = _places(boxes, cells, plan.radius)  # [N, G, A]
    possible = (inside | central) & is_object[..., None]
    ious = _ious(boxes, predicted) * tf.cast(possible, tf.float32)  # [N, G, A]
    cost = _class_costs(classes, logits) - plan.iou_weight * tf.math.log(ious + _LEAST_IOU)
    cost = tf.where(inside & central, cost, cost + plan.outside_cost)
    cost = tf.where(possible, cost, _FAR)

    most = min(plan.most_cells, logits.shape[1])
    best_ious = tf.math.top_k(ious, most).values  # [N, G, K]
    counts = tf.maximum(tf.cast(tf.reduce_sum(best_ious, axis=-1), tf.int32), 1)  # [N, G]
    lowest = tf.math.top_k(-cost, most)  # of equal costs the first cell comes first
    is_chosen = (tf.range(most) < counts[..., None]) & (lowest.values > -_FAR)  # [N, G, K]
    chosen = _at_cells(lowest.indices, is_chosen, tf.shape(cost))  # [N, G, A]

    chosen_cost = tf.where(chosen, cost, 2 * _FAR)
    owner = tf.argmin(chosen_cost, axis=1, output_type=tf.int32)  # [N, A]
    is_taken = tf.reduce_any(chosen, axis=1)  # [N, A]
    owned = tf.gather(classes, owner, batch_dims=1)
    return Assigned(
        boxes=tf.where(is_taken[..., None], tf.gather(boxes, owner, batch_dims=1), 0.0),
        classes=tf.where(is_taken, owned, NOTHING),
        ious=tf.where(is_taken, tf.reduce_sum(ious * tf.one_hot(owner, tf.shape(ious)[1], axis=1), axis=1), 0.0),
    )


def _places(boxes: tf.Tensor, cells: tf.Tensor, radius: float) -> tuple[tf.Tensor, tf.Tensor]:
    """Whether a cell's centre lies in the object, and whether it lies near the object's middle: both [N, G, A].

    Near is less than `radius` sides of a cell away, in each direction.
    """
    top, left, bottom, right = (side[..., None] for side in tf.unstack(boxes, axis=-1))  # [N, G, 1]
    y, x, height, width = tf.unstack(cells, axis=-1)  # [A]
    inside = (y > top) & (y < bottom) & (x > left) & (x < right)
    near_y = tf.abs(y - (top + bottom) / 2) < radius * height / CELL_SIDES
    near_x = tf.abs(x - (left + right) / 2) < radius * width / CELL_SIDES
    return inside, near_y & near_x


def _ious(boxes: tf.Tensor, predicted: tf.Tensor) -> tf.Tensor:
    """Intersection over union of every object with every predicted box: [N, G, A]."""
    # Side by side, not corner by corner: a last axis of two is several times as slow.
    tops, lefts, bottoms, rights = (side[..., None] for side in tf.unstack(boxes, axis=-1))  # [N, G, 1]
    top, left, bottom, right = (side[:, None] for side in tf.unstack(predicted, axis=-1))  # [N, 1, A]
    height = tf.minimum(bottoms, bottom) - tf.maximum(tops, top)
    width = tf.minimum(rights, right) - tf.maximum(lefts, left)
    shared = tf.maximum(height, 0.0) * tf.maximum(width, 0.0)
    return tf.math.divide_no_nan(shared, box_area(boxes)[..., None] + box_area(predicted)[:, None] - shared)


def _class_costs(classes: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """The cross entropy of every cell's scores with every object's class: [N, G, A].

    It is that of all classes being wrong, and for the object's own class the difference that being right makes.
    """
    all_wrong = tf.reduce_sum(tf.nn.softplus(logits), axis=-1)  # [N, A]
    own = tf.gather(tf.transpose(logits, [0, 2, 1]), tf.maximum(classes, 0), batch_dims=1)  # [N, G, A]
    return all_wrong[:, None] - own


def _at_cells(indices: tf.Tensor, is_chosen: tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
    """Whether each cell is among the chosen ones: from the cells' indices [N, G, K] to [N, G, A]."""
    chosen = tf.where(is_chosen)  # [P, 3]: picture, object, rank
    cells = tf.gather_nd(indices, chosen)[:, None]
    places = tf.concat([tf.cast(chosen[:, :2], tf.int32), cells], axis=1)
    return tf.scatter_nd(places, tf.ones(tf.shape(places)[:1], tf.int32), shape) > 0
