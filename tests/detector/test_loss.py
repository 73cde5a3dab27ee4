"""The losses against a plain numpy version, and finite where there is nothing or much to learn."""

import numpy as np
import pytest
from numpy.typing import NDArray

from octet.detector.loss import box_loss, class_loss
from octet.detector.matching import BACKGROUND, IGNORED
from octet.recipe import Loss
from octet.tensorflow import keras, tf

HOW = Loss(focal_alpha=0.3, focal_gamma=1.5, huber_delta=0.7, box_weight=0.4)


def draw(objects: int, anchors: int = 50, classes: int = 4) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    rng = np.random.default_rng(objects)
    target = np.full((2, anchors), BACKGROUND, np.int32)
    target[:, :objects] = rng.integers(0, classes, (2, objects))
    target[:, -3:] = IGNORED
    return target, rng.normal(0, 3, (2, anchors, classes)).astype(np.float32)


def focal_by_hand(target: NDArray[np.int32], logits: NDArray[np.float32]) -> float:
    total = 0.0
    for classes, row in zip(target.reshape(-1), logits.reshape(-1, logits.shape[-1]), strict=True):
        for index, logit in enumerate(row):
            if classes == IGNORED:
                continue
            p = 1 / (1 + np.exp(-float(logit)))
            if index == classes:
                total += -HOW.focal_alpha * (1 - p) ** HOW.focal_gamma * np.log(p)
            else:
                total += -(1 - HOW.focal_alpha) * p**HOW.focal_gamma * np.log(1 - p)
    return total / max((target >= 0).sum(), 1)


@pytest.mark.parametrize("objects", [0, 1, 40])
def test_class_loss_is_the_focal_loss(objects: int) -> None:
    target, logits = draw(objects)
    assert float(class_loss(target[..., None], logits, HOW)) == pytest.approx(focal_by_hand(target, logits), rel=1e-4)


def test_box_loss_counts_objects_only() -> None:
    target = np.zeros((1, 3, 5), np.float32)
    target[0, 0] = [0, 0, 0, 0, 1]
    codes = np.full((1, 3, 4), 2.0, np.float32)
    codes[0, 0] = [0.5, 0, -0.5, 3.0]
    by_hand = 0.5 * 0.25 / 0.7 * 2 + (3.0 - 0.35)
    assert float(box_loss(target, codes, HOW)) == pytest.approx(0.4 * by_hand, rel=1e-5)


@pytest.mark.parametrize("objects", [0, 47])
@pytest.mark.parametrize("extreme", [1.0, 100.0])
def test_gradients_are_finite(objects: int, extreme: float) -> None:
    target, logits = draw(objects)
    logits_variable = tf.Variable(logits * extreme)
    with tf.GradientTape() as tape:
        loss = class_loss(target[..., None], logits_variable, HOW)
    assert np.isfinite(tape.gradient(loss, logits_variable).numpy()).all()


def test_one_class_can_be_trained() -> None:
    """Keras takes away a last axis of one element where it thinks that it helps."""
    logits = keras.Sequential([keras.layers.Dense(1, input_shape=(5, 3))])
    logits.compile(loss=lambda target, said: class_loss(target, said, HOW))
    history = logits.fit(np.ones((2, 5, 3)), np.zeros((2, 5, 1), np.int32), verbose=0)
    assert np.isfinite(history.history["loss"]).all()
