"""The losses agree with a plain numpy version, and are finite for no objects and for extreme predictions."""

import numpy as np
import pytest
from numpy.typing import NDArray

from conftest import detection_recipe
from octet.common.tensorflow import tf
from octet.recipe.detection import Loss
from octet.tasks.detection.learning.assignment import NOTHING, assign_cells
from octet.tasks.detection.learning.loss import box_loss, class_loss, distillation_losses, supervised_losses
from octet.tasks.detection.network.boxes import decode_boxes, encode_boxes
from octet.tasks.detection.network.cells import make_cells

CONFIG = Loss(focal_alpha=0.3, focal_gamma=1.5, huber_delta=0.7, box_weight=0.4)
PLAN = detection_recipe().train_float.model_copy(update={"loss": CONFIG})
CELLS = make_cells(64, (8, 16, 32))
CLASSES = 4


def random_case(objects: int, cells: int = 150) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Target classes and logits of two pictures, of which the second has half the objects of the first."""
    rng = np.random.default_rng(objects)
    target = np.full((2, cells), NOTHING, np.int32)
    target[0, :objects] = rng.integers(0, CLASSES, objects)
    target[1, : objects // 2] = rng.integers(0, CLASSES, objects // 2)
    return target, rng.normal(0, 3, (2, cells, CLASSES)).astype(np.float32)


def focal_by_hand(target: NDArray[np.int32], logits: NDArray[np.float32]) -> float:
    total = 0.0
    for class_, row in zip(target.reshape(-1), logits.reshape(-1, logits.shape[-1]), strict=True):
        for index, logit in enumerate(row):
            p = 1 / (1 + np.exp(-float(logit)))
            if index == class_:
                total += -CONFIG.focal_alpha * (1 - p) ** CONFIG.focal_gamma * np.log(p)
            else:
                total += -(1 - CONFIG.focal_alpha) * p**CONFIG.focal_gamma * np.log(1 - p)
    return total / max((target >= 0).sum(), 1)


@pytest.mark.parametrize("objects", [0, 1, 3, 100])
def test_class_loss_is_the_focal_loss(objects: int) -> None:
    target, logits = random_case(objects)
    assert float(class_loss(target, logits, CONFIG)) == pytest.approx(focal_by_hand(target, logits), rel=1e-4)


def test_box_loss_counts_objects_only() -> None:
    target = np.zeros((1, 3, 4), np.float32)
    classes = np.array([[2, NOTHING, NOTHING]])
    codes = np.full((1, 3, 4), 2.0, np.float32)
    codes[0, 0] = [0.5, 0, -0.5, 3.0]
    by_hand = 0.5 * 0.25 / 0.7 * 2 + (3.0 - 0.35)
    assert float(box_loss(target, classes, codes, CONFIG)) == pytest.approx(0.4 * by_hand, rel=1e-5)


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
    target = encode_boxes(assigned.boxes, CELLS)
    taken = assigned.classes.numpy() != NOTHING
    error = np.abs(target - codes)[taken]
    huber = np.where(error < CONFIG.huber_delta, error**2 / 2 / CONFIG.huber_delta, error - CONFIG.huber_delta / 2)
    assert float(losses["boxes"]) == pytest.approx(0.4 * huber.sum() / max(taken.sum(), 1), rel=1e-4)
    assert float(losses["classes"]) == pytest.approx(focal_by_hand(assigned.classes.numpy(), logits.numpy()), rel=1e-4)


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
    assert float(distillation_losses(same, same, CONFIG)["boxes"]) == 0.0
    with tf.GradientTape() as tape:
        losses = distillation_losses(other, same, CONFIG)
        loss = tf.add_n(list(losses.values()))
    assert losses.keys() == supervised_losses(objects_of([]), same, CELLS, PLAN).keys()
    assert float(losses["boxes"]) > 0
    assert all(np.isfinite(gradient.numpy()).all() for gradient in tape.gradient(loss, same))
