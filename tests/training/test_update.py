"""An update: its moving average, its micro-batches, its precision; and a training whose loss is not finite."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from conftest import detection_recipe
from octet.common.errors import UserError
from octet.common.tensorflow import keras, tf
from octet.recipe.detection import Recipe
from octet.tasks.detection.learning.assignment import Assigned
from octet.tasks.detection.learning.loss import box_loss, class_loss
from octet.tasks.detection.network.boxes import decode_boxes
from octet.tasks.detection.network.cells import make_cells
from octet.tasks.detection.network.model import build_detector
from octet.training.checkpoints import Checkpoints
from octet.training.history import History
from octet.training.kept import KeptWeights
from octet.training.loop import Duration, run_steps
from octet.training.precision import computing_in
from octet.training.schedule import WarmupCosine
from octet.training.strategy import Team
from octet.training.update import Update


def line(value: float = 0.0) -> keras.Model:
    model = keras.Sequential([keras.layers.Dense(1, use_bias=False, input_shape=(1,))])
    model.set_weights([np.array([[value]], np.float32)])
    return model


def line_update(
    model: keras.Model,
    micro_batches: int = 1,
    at_once: int = 1,
    ema_decay: float = 0.0,
    rate: float = 0.5,
    xla: bool = False,
) -> Update:
    """An update that fits a line to its targets by gradient descent on the squared error."""

    def squared(_: tf.Tensor, targets: tuple[tf.Tensor, ...], predictions: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"classes": tf.reduce_mean((targets[0] - predictions) ** 2)}

    optimizers = [(keras.optimizers.legacy.SGD(rate), model.trainable_variables)]
    return Update(model, line(), squared, optimizers, ema_decay, micro_batches, at_once, xla)


PICTURES = tf.constant([[1.0], [2.0], [3.0], [4.0]])
TARGETS = (2 * PICTURES,)


@pytest.mark.parametrize("xla", [False, True])
@pytest.mark.parametrize(("micro_batches", "at_once"), [(1, 1), (2, 1), (2, 2), (4, 1), (4, 2), (4, 4)])
def test_micro_batches_update_the_weights_as_the_whole_batch(micro_batches: int, at_once: int, xla: bool) -> None:
    model = line()
    losses = line_update(model, micro_batches, at_once, rate=0.01, xla=xla)(PICTURES, TARGETS)
    gradient = -2 * (2 * PICTURES.numpy() ** 2).mean()
    assert model.get_weights()[0].item() == pytest.approx(-0.01 * gradient)
    assert float(losses["classes"]) == pytest.approx((4 * PICTURES.numpy() ** 2).mean())


def test_one_micro_batch_at_a_time_takes_memory() -> None:
    """No micro-batch waits for another's result, and by default TensorFlow would compute ten at once."""
    update = tf.function(line_update(line(), micro_batches=4)).get_concrete_function(PICTURES, TARGETS)
    nodes = [node for function in update.graph.as_graph_def().library.function for node in function.node_def]
    loops = [node.attr["parallel_iterations"].i for node in nodes if "While" in node.op]
    assert loops == [1]


def test_the_average_follows_the_weights() -> None:
    model = line()
    update, expected = line_update(model, ema_decay=0.5, rate=0.01), 0.0
    for step in range(1, 21):
        update(PICTURES, TARGETS)
        decay = min(0.5, step / (step + 10))
        expected = decay * expected + (1 - decay) * model.get_weights()[0].item()
    assert update.averaged.get_weights()[0].item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_the_training_and_says_where(tmp_path: Path, wrong: float) -> None:
    """A target in the second step of the second epoch is not finite."""
    update = line_update(line())
    batches = [(tf.constant([b"000012", b"000034"]), PICTURES, TARGETS)] * 3
    batches.append((tf.constant([b"000056", b"000078"]), PICTURES, (TARGETS[0] * wrong,)))
    with pytest.raises(
        UserError, match=r"step 4 of 6, epoch 2, .*learning rate 0\.\d+, .*pictures 000056 000078: lower"
    ):
        run_steps(
            "train",
            Duration(total_steps=6, steps_per_epoch=2, validate_every=1),
            update,
            lambda step: batches[step:],
            WarmupCosine(0.4, 1, 6),
            KeptWeights(lambda _: 0.0, "best"),
            History(tmp_path, 3, 4, "val_map"),
            Checkpoints(tmp_path, "t", update.variables),
            Team(tf.distribute.get_strategy()),
        )


def test_a_training_that_only_gets_worse_keeps_its_start(tmp_path: Path) -> None:
    """The score falls as the line moves away from 0, where it starts."""
    update, history = line_update(line(), rate=0.01), History(tmp_path, 2, 4, "val_map")
    best = KeptWeights(lambda model: 1.0 - abs(model.get_weights()[0].item()), "best")
    run_steps(
        "train",
        Duration(total_steps=2, steps_per_epoch=1, validate_every=1),
        update,
        lambda step: [(tf.constant([b"000012"]), PICTURES, TARGETS)] * (2 - step),
        WarmupCosine(0.4, 1, 2),
        best,
        history,
        Checkpoints(tmp_path, "t", update.variables),
        Team(tf.distribute.get_strategy()),
    )
    kept = line(1.0)
    (tmp_path / "weights.h5").write_bytes(best.content)
    kept.load_weights(tmp_path / "weights.h5")
    assert (kept.get_weights()[0].item(), best.score) == (0.0, 1.0)
    header, start, *epochs = history.as_csv().splitlines()
    assert (header, start) == ("epoch,loss,classes_loss,learning_rate,val_map", "0,,,,1")
    assert len(epochs) == 2


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return detection_recipe()


def first_losses(recipe: Recipe, precision: str, xla: bool) -> list[float]:
    """The losses of three updates of the quickstart network on one small batch, whose cells have fixed targets.

    Assigned anew, an object can get other cells for the smallest difference, and the loss jumps.
    """
    keras.utils.set_random_seed(3)
    shape = recipe.model.model_copy(update={"input_size": 64})
    with computing_in(precision):  # type: ignore[arg-type]
        model = build_detector(shape, 3)
    averaged = build_detector(shape, 3)
    cells = model.output_shape[0][1]
    classes = np.where(np.arange(cells) % 7 == 0, 1, -1)[None].repeat(4, axis=0)
    boxes = np.sort(np.random.default_rng(4).uniform(size=(4, cells, 2, 2)), axis=2).reshape(4, cells, 4)
    targets = tuple(tf.constant(part) for part in (boxes.astype(np.float32), classes, np.float32(classes == 1) / 2))

    def losses(_: tf.Tensor, wanted: tuple[tf.Tensor, ...], predicted: Sequence[tf.Tensor]) -> dict[str, tf.Tensor]:
        assigned, (codes, logits) = Assigned(*wanted), predicted
        boxes = decode_boxes(codes, make_cells(64, recipe.model.strides))
        return {"boxes": box_loss(assigned, boxes, recipe.train_float.loss), "classes": class_loss(assigned, logits)}

    update = Update(
        model,
        averaged,
        losses,
        [(keras.optimizers.legacy.SGD(1e-3), model.trainable_variables)],
        ema_decay=0.9,
        micro_batches=1,
        at_once=1,
        xla=xla,
    )
    pictures = tf.random.stateless_uniform((4, 64, 64, 3), [1, 2])
    totals = [float(sum(update(pictures, targets).values())) for _ in range(3)]
    assert all(weight.dtype == tf.float32 for weight in averaged.weights)
    return totals


@pytest.mark.slow
def test_precision_and_compiler_change_little(recipe: Recipe) -> None:
    plain = first_losses(recipe, "float32", xla=False)
    assert plain[2] < plain[0]
    compiled = first_losses(recipe, "float32", xla=True)
    assert compiled[0] == pytest.approx(plain[0], rel=1e-4)
    assert compiled == pytest.approx(plain, rel=0.05)
    for xla in (False, True):
        short = first_losses(recipe, "bfloat16", xla)
        assert short == pytest.approx(plain, rel=0.05)
        assert short[0] != pytest.approx(plain[0], rel=1e-6)
