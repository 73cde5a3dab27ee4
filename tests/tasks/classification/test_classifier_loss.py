"""The losses of a classifier, by their definitions."""

import numpy as np
import pytest

from octet.common.tensorflow import tf
from octet.recipe.classification import Loss
from octet.tasks.classification.learning.loss import distillation_losses, supervised_losses

LOGITS = tf.constant([[2.0, 0.0, -1.0], [0.0, 0.0, 0.0]])
CLASSES = (tf.constant([0, 2], tf.int64),)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_labels_are_smoothed(smoothing: float) -> None:
    logs = tf.nn.log_softmax(LOGITS).numpy()
    own, all_ = -np.mean([logs[0, 0], logs[1, 2]]), -logs.mean()
    loss = supervised_losses(CLASSES, LOGITS, Loss(label_smoothing=smoothing))
    assert float(loss["classes"]) == pytest.approx((1 - smoothing) * own + smoothing * all_, rel=1e-5)


def test_a_student_that_says_what_its_teacher_says_has_no_loss_and_no_gradient() -> None:
    student = tf.Variable(LOGITS + 3.0)  # by which no probability changes
    with tf.GradientTape() as tape:
        loss = distillation_losses(LOGITS, student)["classes"]
    assert float(loss) == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(tape.gradient(loss, student), np.zeros((2, 3)), atol=1e-6)
    assert float(distillation_losses(LOGITS, -LOGITS)["classes"]) > 0.5
