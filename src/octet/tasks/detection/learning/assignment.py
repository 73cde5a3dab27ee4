"""Assigns cells to objects by what the network predicts now: each object gets the cells that do best by it.

The number of cells that an object gets follows SimOTA, of YOLOX (Ge et al., 2021).
"""

from functools import reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from octet.common.tensorflow import tf
from octet.recipe.detection import Assignment
from octet.tasks.detection.learning.quality import quality_focal
from octet.tasks.detection.network.boxes import iou_matrix
from octet.tasks.detection.network.cells import CELL_SIDES

NOTHING = -1  # the class of a cell without an object, and of the rows that fill up a picture's objects
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
    cells: NDArray[np.float32],  # [A, 4], centre and size
    plan: Assignment,
) -> Assigned:
    """Give each object the cells with the lowest costs, as many as their overlaps add up to, and at least one.

    Only cells whose centre lies in the object or near its middle come into question; both is preferred. A cell that
    several objects ask for goes to the one for which it costs least.
    """
    is_object = classes != NOTHING  # [N, G]
    inside, central = _places(boxes, cells, plan.radius)  # [N, G, A]
    possible = (inside | central) & is_object[..., None]
    ious = iou_matrix(boxes, predicted) * tf.cast(possible, tf.float32)  # [N, G, A]
    cost = _class_costs(classes, logits, ious) - plan.iou_weight * tf.math.log(ious + _LEAST_IOU)
    cost = tf.where(inside & central, cost, cost + plan.outside_cost)
    cost = tf.where(possible, cost, np.inf)

    most = min(plan.most_cells, len(cells))
    best_ious = tf.math.top_k(ious, most).values  # [N, G, K]
    counts = tf.maximum(tf.cast(tf.reduce_sum(best_ious, axis=-1), tf.int32), 1)  # [N, G]
    lowest = tf.math.top_k(-cost, most)  # of equal costs the first cell comes first
    is_chosen = (tf.range(most) < counts[..., None]) & tf.math.is_finite(lowest.values)  # [N, G, K]
    chosen = _at_cells(lowest.indices, is_chosen, len(cells))  # [N, G, A]

    owner = tf.argmin(tf.where(chosen, cost, np.inf), axis=1, output_type=tf.int32)  # [N, A]
    is_taken = tf.reduce_any(chosen, axis=1)  # [N, A]
    return Assigned(
        boxes=tf.where(is_taken[..., None], tf.gather(boxes, owner, batch_dims=1), 0.0),
        classes=tf.where(is_taken, tf.gather(classes, owner, batch_dims=1), NOTHING),
        ious=tf.where(is_taken, tf.gather(tf.transpose(ious, [0, 2, 1]), owner, batch_dims=2), 0.0),
    )


def _places(boxes: tf.Tensor, cells: NDArray[np.float32], radius: float) -> tuple[tf.Tensor, tf.Tensor]:
    """Whether a cell's centre lies in the object, and whether it lies near the object's middle: both [N, G, A].

    Near is less than `radius` sides of a cell away, in each direction.
    """
    top, left, bottom, right = (side[..., None] for side in tf.unstack(boxes, axis=-1))  # [N, G, 1]
    y, x, height, width = cells.T  # [A]
    inside = (y > top) & (y < bottom) & (x > left) & (x < right)
    near_y = tf.abs(y - (top + bottom) / 2) < radius * height / CELL_SIDES
    near_x = tf.abs(x - (left + right) / 2) < radius * width / CELL_SIDES
    return inside, near_y & near_x


def _class_costs(classes: tf.Tensor, logits: tf.Tensor, ious: tf.Tensor) -> tf.Tensor:
    """How far each cell's score of an object's class is from its overlap [N, G, A] with the object: [N, G, A].

    It is the loss that the score would have.
    """
    own = tf.gather(tf.transpose(logits, [0, 2, 1]), tf.maximum(classes, 0), batch_dims=1)  # [N, G, A]
    return quality_focal(ious, own)


def _at_cells(indices: tf.Tensor, is_chosen: tf.Tensor, cells: int) -> tf.Tensor:
    """Whether each cell is among the chosen ones: from the cells' indices [N, G, K] to [N, G, A]."""
    # Compared rank by rank: it needs neither a scatter nor all ranks in memory at once.
    by_rank = tf.unstack(tf.where(is_chosen, indices, NOTHING), axis=-1)  # K of [N, G]
    return reduce(tf.logical_or, (index[..., None] == tf.range(cells) for index in by_rank))
