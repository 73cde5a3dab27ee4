"""The losses agree with a plain numpy version, and are finite for no objects and for extreme predictions."""

import numpy as np
import pytest
from numpy.typing import NDArray

from octet.common.tensorflow import tf
from octet.recipe.detection import Loss
from octet.tasks.detection.learning.loss import box_loss, class_loss, supervised_losses
from octet.tasks.detection.learning.matching import BACKGROUND, IGNORED

CONFIG = Loss(focal_alpha=0.3, focal_gamma=1.5, huber_delta=0.7, box_weight=0.4)


def random_case(objects: int, anchors: int = 150, classes: int = 4) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Target classes and logits of two pictures, of which the second has half the objects of the first."""
    rng = np.random.default_rng(objects)
    target = np.full((2, anchors), BACKGROUND, np.int32)
    target[0, :objects] = rng.integers(0, classes, objects)
    target[1, : objects // 2] = rng.integers(0, classes, objects // 2)
    target[:, -3:] = IGNORED
    return target, rng.normal(0, 3, (2, anchors, classes)).astype(np.float32)


def focal_by_hand(target: NDArray[np.int32], logits: NDArray[np.float32]) -> float:
    total = 0.0
    for class_, row in zip(target.reshape(-1), logits.reshape(-1, logits.shape[-1]), strict=True):
        for index, logit in enumerate(row):
            if class_ == IGNORED:
                continue
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
    classes = np.array([[2, BACKGROUND, IGNORED]])
    codes = np.full((1, 3, 4), 2.0, np.float32)
    codes[0, 0] = [0.5, 0, -0.5, 3.0]
    by_hand = 0.5 * 0.25 / 0.7 * 2 + (3.0 - 0.35)
    assert float(box_loss(target, classes, codes, CONFIG)) == pytest.approx(0.4 * by_hand, rel=1e-5)


@pytest.mark.parametrize("objects", [0, 100])
@pytest.mark.parametrize("extreme", [1.0, 100.0])
def test_gradients_are_finite(objects: int, extreme: float) -> None:
    target, logits = random_case(objects)
    codes = tf.zeros((*target.shape, 4))
    predictions = [tf.Variable(tf.ones((2, 150, 4)) * extreme), tf.Variable(logits * extreme)]
    with tf.GradientTape() as tape:
        loss = tf.add_n(list(supervised_losses((codes, target), predictions, CONFIG).values()))
    assert all(np.isfinite(gradient.numpy()).all() for gradient in tape.gradient(loss, predictions))
