"""Cells are assigned as a plain loop over objects and cells does it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from octet.common.tensorflow import tf
from octet.recipe.detection import Assignment
from octet.tasks.detection.learning.assignment import NOTHING, assign_cells
from octet.tasks.detection.network.cells import CELL_SIDES, make_cells

PLAN = Assignment(most_cells=10, radius=2.5, iou_weight=3.0, outside_cost=1e5)
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
            truth = np.eye(CLASSES)[class_]
            cross_entropy = np.sum(np.logaddexp(0, logits[cell]) - truth * logits[cell])
            outside = 0.0 if inside and near else PLAN.outside_cost
            costs[cell] = cross_entropy - PLAN.iou_weight * np.log(overlap + 1e-8) + outside
        count = max(int(sum(sorted(overlaps)[-PLAN.most_cells :])), 1)
        for cell in sorted(costs, key=lambda cell: costs[cell])[:count]:
            asked[cell] = min(asked.get(cell, (np.inf, -1)), (costs[cell], number))
    return [asked[cell][1] if cell in asked else NOTHING for cell in range(len(CELLS))]


def random_boxes(rng: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    ends = rng.uniform(0, 1, (*shape, 2, 2)) ** 1.5
    return np.concatenate([ends.min(axis=-2), ends.max(axis=-2)], axis=-1).astype(np.float32)


@pytest.mark.parametrize("objects", [0, 1, 7, 100])
def test_as_a_plain_loop_does(objects: int) -> None:
    rng = np.random.default_rng(objects)
    boxes = random_boxes(rng, 4, objects + 1)
    classes = rng.integers(0, CLASSES, (4, objects + 1)).astype(np.int32)
    classes[:, objects:] = NOTHING
    classes[1, objects // 2 :] = NOTHING  # a picture with fewer objects than the batch has room for
    predicted = np.clip(CELLS[:, :2].repeat(2, 0).reshape(1, -1, 4), 0, 1) + rng.normal(0, 0.2, (4, len(CELLS), 4))
    predicted = np.concatenate([np.minimum(predicted[..., :2], predicted[..., 2:]), predicted[..., 2:] + 0.1], -1)
    logits = rng.normal(0, 2, (4, len(CELLS), CLASSES)).astype(np.float32)
    inputs = (boxes, classes, predicted.astype(np.float32), logits)
    assigned = assign_cells(*map(tf.constant, inputs), CELLS, PLAN)
    for picture in range(4):
        own = assign_in_a_loop(*(part[picture] for part in inputs))
        is_taken = np.array(own) != NOTHING
        assert assigned.classes[picture].numpy().tolist() == [
            classes[picture, number] if number != NOTHING else NOTHING for number in own
        ]
        np.testing.assert_array_equal(
            assigned.boxes[picture].numpy()[is_taken], boxes[picture][np.array(own)[is_taken]]
        )
        overlaps = [iou(boxes[picture, n], inputs[2][picture, c]) for c, n in enumerate(own) if n != NOTHING]
        np.testing.assert_allclose(assigned.ious[picture].numpy()[is_taken], overlaps, atol=1e-5)
        assert not assigned.ious[picture].numpy()[~is_taken].any()
