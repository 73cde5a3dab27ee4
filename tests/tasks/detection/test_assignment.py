"""Cells are assigned as a plain loop over objects and cells does it."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from octet.common.tensorflow import tf
from octet.recipe.detection import Assignment
from octet.tasks.detection.learning.assignment import NOTHING, assign_cells
from octet.tasks.detection.network.cells import CELL_SIDES, make_cells

PLAN = Assignment(most_cells=10, radius=2.5, iou_weight=3.0, outside_cost=1e3)
CELLS = make_cells(64, (8, 16, 32))
CLASSES = 3


def iou(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    height, width = (max(min(first[i + 2], second[i + 2]) - max(first[i], second[i]), 0.0) for i in (0, 1))
    areas = [max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0) for box in (first, second)]
    return height * width / (sum(areas) - height * width) if height * width else 0.0


def assign_in_a_loop(
    boxes: NDArray[np.float32], classes: NDArray[np.int32], predicted: NDArray[np.float32], logits: NDArray[np.float32]
) -> list[int]:
    """The object of each cell of one picture, NOTHING where it has none."""
    asked: dict[int, tuple[float, int]] = {}  # cell -> the lowest cost, and for which object
    for number, (box, class_) in enumerate(zip(boxes, classes, strict=True)):
        if class_ == NOTHING:
            continue
        costs, overlaps = {}, []
        for cell, (y, x, height, width) in enumerate(CELLS):
            inside = box[0] < y < box[2] and box[1] < x < box[3]
            near = (
                abs(y - (box[0] + box[2]) / 2) < PLAN.radius * height / CELL_SIDES
                and abs(x - (box[1] + box[3]) / 2) < PLAN.radius * width / CELL_SIDES
            )
            if not inside and not near:
                continue
            overlap = iou(box, predicted[cell])
            overlaps.append(overlap)
            own = float(logits[cell, class_])
            cross_entropy = np.logaddexp(0, own) - overlap * own
            misfit = (overlap - 1 / (1 + np.exp(-own))) ** 2 * cross_entropy
            outside = 0.0 if inside and near else PLAN.outside_cost
            costs[cell] = misfit - PLAN.iou_weight * np.log(overlap + 1e-8) + outside
        count = max(int(sum(sorted(overlaps)[-PLAN.most_cells :])), 1)
        for cell in sorted(costs, key=lambda cell: costs[cell])[:count]:
            asked[cell] = min(asked.get(cell, (np.inf, -1)), (costs[cell], number))
    return [asked[cell][1] if cell in asked else NOTHING for cell in range(len(CELLS))]


def random_boxes(rng: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    ends = rng.uniform(0, 1, (*shape, 2, 2)) ** 1.5
    return np.concatenate([ends.min(axis=-2), ends.max(axis=-2)], axis=-1).astype(np.float32)


def random_case(rng: np.random.Generator, objects: int) -> tuple[NDArray[Any], ...]:
    """Boxes, classes, predicted boxes and logits of four pictures, of which the second has half of the objects."""
    boxes = random_boxes(rng, 4, objects + 1)
    classes = rng.integers(0, CLASSES, (4, objects + 1))
    classes[:, objects:] = NOTHING
    classes[1, objects // 2 :] = NOTHING
    predicted = np.tile(CELLS[:, :2], 2) + rng.normal(0, 0.2, (4, len(CELLS), 4))
    predicted = np.concatenate([np.minimum(predicted[..., :2], predicted[..., 2:]), predicted[..., 2:] + 0.1], -1)
    logits = rng.normal(0, 2, (4, len(CELLS), CLASSES))
    return boxes, classes, predicted.astype(np.float32), logits.astype(np.float32)


def require_the_same(*inputs: NDArray[Any]) -> None:
    """The assignment of the pictures is that of the loop."""
    boxes, classes, predicted, logits = inputs
    assigned = assign_cells(boxes, classes, predicted, logits, CELLS, PLAN)
    for picture in range(len(boxes)):
        own = np.array(assign_in_a_loop(*(part[picture] for part in inputs)))
        taken = own != NOTHING
        np.testing.assert_array_equal(assigned.classes[picture], np.where(taken, classes[picture, own], NOTHING))
        np.testing.assert_array_equal(assigned.boxes[picture], np.where(taken[:, None], boxes[picture, own], 0))
        overlaps = [
            iou(boxes[picture, number], box) if number != NOTHING else 0
            for number, box in zip(own, predicted[picture], strict=True)
        ]
        np.testing.assert_allclose(assigned.ious[picture], overlaps, atol=1e-5)


@pytest.mark.parametrize("objects", [0, 1, 7, 100])
def test_as_a_plain_loop_does(objects: int) -> None:
    require_the_same(*random_case(np.random.default_rng(objects), objects))


def test_of_equals_the_first_object_gets_the_first_cells() -> None:
    """All cells predict the same, and the first two objects are one and the same."""
    boxes, classes, predicted, logits = random_case(np.random.default_rng(1), 3)
    boxes[:, 1], classes[:, 1] = boxes[:, 0], classes[:, 0]
    predicted[:], logits[:] = [0.2, 0.2, 0.7, 0.7], 0.0
    require_the_same(boxes, classes, predicted, logits)


@pytest.mark.parametrize(
    "box", [[0, 0, 0.05, 0.05], [0.9, 0.3, 1, 0.6], [0.4, 0.4, 0.4, 0.4], [0.3, 0.0, 0.3001, 1], [0, 0, 1, 1]]
)
def test_an_object_gets_a_cell_wherever_it_lies(box: list[float]) -> None:
    _, _, predicted, logits = random_case(np.random.default_rng(1), 1)
    for boxes_predicted in (predicted, np.zeros_like(predicted)):
        assigned = assign_cells(
            tf.constant([[box]] * 4, tf.float32), tf.constant([[2]] * 4), boxes_predicted, logits, CELLS, PLAN
        )
        assert (tf.math.count_nonzero(assigned.classes == 2, axis=1).numpy() >= 1).all()


def test_an_object_gets_as_many_cells_as_predict_it_and_no_more_than_allowed() -> None:
    box = np.array([[[0.2, 0.2, 0.8, 0.8]]], np.float32)
    logits = np.zeros((1, len(CELLS), CLASSES), np.float32)
    counts = []
    for right in (0, 1, 3, 50):  # cells that predict exactly the object
        predicted = np.zeros((1, len(CELLS), 4), np.float32)
        inside = np.flatnonzero(((CELLS[:, :2] > 0.2) & (CELLS[:, :2] < 0.8)).all(axis=1))
        predicted[0, inside[:right]] = box[0, 0]
        assigned = assign_cells(box, np.array([[1]]), predicted, logits, CELLS, PLAN)
        counts.append(int((assigned.classes == 1).numpy().sum()))
    assert counts == [1, 1, 3, PLAN.most_cells]
