"""Batches of pictures with any number of objects have one shape, so the training step is traced once."""

from pathlib import Path

import numpy as np
import pytest

from conftest import IN_ONE, detection_recipe
from helpers.detecting import write_detector_records
from octet.common.tensorflow import keras, tf
from octet.recipe.detection import Recipe, TrainFloat
from octet.sources.packing import shapes
from octet.tasks.detection.learning.assignment import NOTHING
from octet.tasks.detection.learning.part import Learning
from octet.tasks.detection.metric.truths import read_truths
from octet.tasks.detection.network.part import Network
from octet.training.networks import float_networks
from octet.training.run import make_schedule, make_update

OBJECTS = (0, 0, 1, 2, 5, 0)  # in each picture, of which two make a batch


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    recipe = detection_recipe()
    return recipe.model_copy(update={"model": recipe.model.model_copy(update={"input_size": 64})})


@pytest.fixture(scope="module")
def plan(recipe: Recipe) -> TrainFloat:
    return recipe.train_float.model_copy(update={"batch": 2, "epochs": 2, **IN_ONE})


def test_every_batch_has_room_for_the_fullest_picture(recipe: Recipe, plan: TrainFloat, tmp_path: Path) -> None:
    records = write_detector_records(tmp_path / "records", OBJECTS)
    counts = {truth.id: len(truth.classes) for truth in read_truths(records, "train")}
    batches = Learning(recipe, shapes.CLASSES).batches(records, plan, 0)
    _, pictures, (boxes, classes) = batches.element_spec
    assert pictures.shape == (2, 64, 64, 3)
    assert (boxes.shape, classes.shape) == ((2, 5, 4), (2, 5))
    for ids, _, (_, numbers) in batches:
        for id, row in zip(ids.numpy(), numbers.numpy(), strict=True):
            assert (row != NOTHING).sum() == counts[id.decode()]
            assert (row[counts[id.decode()] :] == NOTHING).all()


def test_objects_that_the_plan_leaves_out_fill_no_row(recipe: Recipe, plan: TrainFloat, tmp_path: Path) -> None:
    records = write_detector_records(tmp_path / "records", (5, 5))
    easy = plan.model_copy(update={"keep_difficult": False})
    for _, _, (_, classes) in Learning(recipe, shapes.CLASSES).batches(records, easy, 0):
        assert (classes.numpy() != NOTHING).sum(axis=1).tolist() == [3, 3]


def test_the_step_is_traced_once_and_a_batch_without_objects_is_learnt(
    recipe: Recipe, plan: TrainFloat, tmp_path: Path
) -> None:
    keras.utils.set_random_seed(1)
    learning = Learning(recipe, shapes.CLASSES)
    networks = float_networks(Network(recipe, shapes.CLASSES), plan, [], tf.distribute.get_strategy())
    update = make_update(learning, networks, plan, make_schedule(plan, 3))
    batches = learning.batches(write_detector_records(tmp_path / "records", OBJECTS), plan, 0)
    others = learning.batches(write_detector_records(tmp_path / "none", (0, 0, 0, 0)), plan, 0)
    losses = [update(pictures, targets) for _, pictures, targets in batches]
    assert update._step.experimental_get_tracing_count() == 1
    losses += [update(pictures, targets) for _, pictures, targets in others]
    assert len(losses) == 10
    assert np.isfinite([float(loss) for by_name in losses for loss in by_name.values()]).all()
    assert all(bool(tf.reduce_all(tf.math.is_finite(weights))) for weights in networks.trained.trainable_variables)
    assert [float(by_name["boxes"]) for by_name in losses[-4:]] == [0.0] * 4
