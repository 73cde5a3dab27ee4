"""The losses agree with a plain numpy version, and are finite for no objects and for extreme predictions."""

import numpy as np
import pytest
from numpy.typing import NDArray

from conftest import detection_recipe
from octet.common.tensorflow import tf
from octet.recipe.detection import Loss
from octet.tasks.detection.learning.assignment import NOTHING, Assigned, assign_cells
from octet.tasks.detection.learning.loss import box_loss, class_loss, distillation_losses, supervised_losses
from octet.tasks.detection.network.boxes import decode_boxes, generalized_iou
from octet.tasks.detection.network.cells import make_cells

CONFIG = Loss(box_weight=0.4)
PLAN = detection_recipe().train_float.model_copy(update={"loss": CONFIG})
CELLS = make_cells(64, (8, 16, 32))
CLASSES = 4


def random_case(objects: int, cells: int = 150) -> tuple[Assigned, NDArray[np.float32]]:
    """The objects of the cells of two pictures, of which the second has half as many, and logits."""
    rng = np.random.default_rng(objects)
    classes = np.full((2, cells), NOTHING, np.int32)
    classes[0, :objects] = rng.integers(0, CLASSES, objects)
    classes[1, : objects // 2] = rng.integers(0, CLASSES, objects // 2)
    ious = np.where(classes == NOTHING, 0, rng.uniform(0, 1, classes.shape)).astype(np.float32)
    boxes = np.zeros((*classes.shape, 4), np.float32)
    return Assigned(boxes, classes, ious), rng.normal(0, 3, (2, cells, CLASSES)).astype(np.float32)


def quality_focal_by_hand(assigned: Assigned, logits: NDArray[np.float32]) -> float:
    total = 0.0
    rows = zip(np.reshape(assigned.classes, -1), np.reshape(assigned.ious, -1), strict=True)
    for (class_, overlap), row in zip(rows, logits.reshape(-1, logits.shape[-1]), strict=True):
        for index, logit in enumerate(row):
            target, p = float(overlap) if index == class_ else 0.0, 1 / (1 + np.exp(-float(logit)))
            total -= (target - p) ** 2 * (target * np.log(p) + (1 - target) * np.log(1 - p))
    return total / max((np.array(assigned.classes) != NOTHING).sum(), 1)


def giou_by_hand(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    tops, lefts, bottoms, rights = map(float, first)
    top, left, bottom, right = map(float, second)
    shared = max(min(bottoms, bottom) - max(tops, top), 0) * max(min(rights, right) - max(lefts, left), 0)
    union = (bottoms - tops) * (rights - lefts) + (bottom - top) * (right - left) - shared
    around = (max(bottoms, bottom) - min(tops, top)) * (max(rights, right) - min(lefts, left))
    return shared / union - (around - union) / around


@pytest.mark.parametrize("objects", [0, 1, 3, 100])
def test_class_loss_is_the_quality_focal_loss(objects: int) -> None:
    assigned, logits = random_case(objects)
    assert float(class_loss(assigned, logits)) == pytest.approx(quality_focal_by_hand(assigned, logits), rel=1e-4)


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ([0.2, 0.2, 0.4, 0.4], 1.0),
        ([0.2, 0.3, 0.4, 0.5], 1 / 3),  # half of each is shared
        ([0.2, 0.4, 0.4, 0.6], 0.0),  # they touch
        ([0.2, 0.6, 0.4, 0.8], -1 / 3),  # a gap as large as each
        ([0.3, 0.3, 0.3, 0.3], 0.0),  # without sides, inside
        ([0.2, 0.2, 0.6, 0.6], 1 / 4),  # the whole and its quarter
    ],
)
def test_generalized_iou_tells_how_far_boxes_are_apart(second: list[float], expected: float) -> None:
    first = tf.constant([[0.2, 0.2, 0.4, 0.4]])
    assert float(generalized_iou(first, tf.constant([second]))[0]) == pytest.approx(expected, abs=1e-5)
    assert float(generalized_iou(tf.constant([second]), first)[0]) == pytest.approx(expected, abs=1e-5)


def test_box_loss_counts_objects_only() -> None:
    target = np.zeros((1, 3, 4), np.float32)
    target[0, 0] = [0.2, 0.2, 0.4, 0.4]
    boxes = np.full((1, 3, 4), 0.5, np.float32)
    boxes[0, 0] = [0.2, 0.6, 0.4, 0.8]
    assigned = Assigned(target, np.array([[2, NOTHING, NOTHING]]), np.zeros((1, 3), np.float32))
    assert float(box_loss(assigned, boxes, CONFIG)) == pytest.approx(0.4 * (1 + 1 / 3), rel=1e-5)


BOXES: dict[str, list[list[float]]] = {
    "none": [],
    "one": [[0.1, 0.2, 0.6, 0.7]],
    "at the border": [[0.0, 0.0, 0.3, 0.2], [0.5, 0.9, 1.0, 1.0], [0.0, 0.0, 1.0, 1.0]],
    "without sides": [[0.5, 0.5, 0.5, 0.5], [1.0, 1.0, 1.0, 1.0], [0.2, 0.0, 0.2, 1.0]],
    "one upon the other": [[0.2, 0.2, 0.5, 0.5]] * 30,
}


def objects_of(boxes: list[list[float]], rows: int = 40) -> tuple[tf.Tensor, tf.Tensor]:
    """The targets of two pictures, of which the second has no object."""
    padded, classes = np.zeros((2, rows, 4), np.float32), np.full((2, rows), NOTHING, np.int64)
    padded[0, : len(boxes)] = np.reshape(boxes, (-1, 4))
    classes[0, : len(boxes)] = np.arange(len(boxes)) % CLASSES
    return tf.constant(padded), tf.constant(classes)


def random_predictions(codes: float = 1.0, logits: float = 1.0) -> list[tf.Variable]:
    rng = np.random.default_rng(3)
    shapes = ((codes, 4), (logits, CLASSES))
    return [tf.Variable(rng.normal(0, scale, (2, len(CELLS), depth)), dtype=tf.float32) for scale, depth in shapes]


@pytest.mark.parametrize("boxes", BOXES.values(), ids=list(BOXES))
def test_the_supervised_losses_are_those_of_the_cells_that_were_assigned(boxes: list[list[float]]) -> None:
    (padded, classes), (codes, logits) = objects_of(boxes), random_predictions()
    assigned = assign_cells(padded, classes, decode_boxes(codes, CELLS), logits, CELLS, PLAN.assignment)
    losses = supervised_losses((padded, classes), (codes, logits), CELLS, PLAN)
    taken = assigned.classes.numpy() != NOTHING
    pairs = zip(assigned.boxes.numpy()[taken], decode_boxes(codes, CELLS).numpy()[taken], strict=True)
    misfit = sum(1 - giou_by_hand(*pair) for pair in pairs)
    assert float(losses["boxes"]) == pytest.approx(0.4 * misfit / max(taken.sum(), 1), rel=1e-4)
    assert float(losses["classes"]) == pytest.approx(quality_focal_by_hand(assigned, logits.numpy()), rel=1e-4)


@pytest.mark.parametrize("boxes", BOXES.values(), ids=list(BOXES))
def test_rows_that_fill_up_and_the_compiler_change_nothing(boxes: list[list[float]]) -> None:
    predictions = random_predictions()
    plain = supervised_losses(objects_of(boxes, 30), predictions, CELLS, PLAN)
    assert supervised_losses(objects_of(boxes, 60), predictions, CELLS, PLAN) == plain
    compiling = PLAN.model_copy(update={"xla": True})
    compiled = tf.function(lambda targets: supervised_losses(targets, predictions, CELLS, compiling), jit_compile=True)
    for name, loss in compiled(objects_of(boxes)).items():
        assert float(loss) == pytest.approx(float(plain[name]), rel=1e-5)


@pytest.mark.parametrize("codes", [0.0, 1.0, 1e3, -1e3])
@pytest.mark.parametrize("logits", [1.0, 1e4])
@pytest.mark.parametrize("boxes", BOXES.values(), ids=list(BOXES))
def test_gradients_are_finite(boxes: list[list[float]], codes: float, logits: float) -> None:
    """Also where predicted boxes have no size, as at codes of -1000, or an infinite one."""
    predictions = random_predictions(logits=logits)
    predictions[0].assign(predictions[0] + codes if codes else tf.zeros_like(predictions[0]))
    with tf.GradientTape() as tape:
        losses = supervised_losses(objects_of(boxes), predictions, CELLS, PLAN)
        loss = tf.add_n(list(losses.values()))
    assert np.isfinite(float(loss))
    assert all(np.isfinite(gradient.numpy()).all() for gradient in tape.gradient(loss, predictions))


def test_nothing_is_lost_to_a_teacher_that_says_the_same() -> None:
    same, other = random_predictions(), random_predictions(2.0, 2.0)
    assert float(distillation_losses(same, same, CELLS, CONFIG)["boxes"]) == pytest.approx(0.0, abs=1e-5)
    with tf.GradientTape() as tape:
        losses = distillation_losses(other, same, CELLS, CONFIG)
        loss = tf.add_n(list(losses.values()))
    assert losses.keys() == supervised_losses(objects_of([]), same, CELLS, PLAN).keys()
    assert float(losses["boxes"]) > 0
    assert all(np.isfinite(gradient.numpy()).all() for gradient in tape.gradient(loss, same))
