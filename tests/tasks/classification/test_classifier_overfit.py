"""A classifier learns its pictures by heart, whole or with a frozen backbone; its events show what it says of them."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from helpers.classifying import CLASSES, classifier_params, classifier_recipe, write_classifier_records
from octet.common.tensorflow import keras, tf
from octet.recipe.classification import Recipe
from octet.tasks.classification.learning.part import Learning
from octet.tasks.classification.network.part import Network
from octet.training.networks import float_networks
from octet.training.run import TrainingPaths, run_training
from octet.training.strategy import Team

PRETRAINED = {"name": "any.h5", "bytes": None, "sha256": None, "sources": ["any"]}


def trained(folder: Path, **changes: Any) -> dict[str, list[str]]:
    """Train on few pictures, and return the columns of the history."""
    keras.utils.set_random_seed(1)
    params = classifier_params(dropout=0.0)
    params["dataset"]["pretrained"] = PRETRAINED
    params["train_float"] |= {"batch": 12, "learning_rate": 0.005, "warmup_epochs": 2.0, "ema_decay": 0.5, **changes}
    params["train_float"]["augmentation"] |= {"contrast": 0.0, "brightness": 0.0, "colour": 0.0}
    recipe = Recipe.model_validate({**params, "name": "classifier"})
    records = write_classifier_records(folder / "records")
    team = Team(tf.distribute.get_strategy())
    networks = float_networks(Network(recipe, CLASSES), recipe.train_float, [], team.strategy)
    paths = TrainingPaths(records, [], folder / "runs", folder / "float")
    run_training(Learning(recipe, CLASSES), networks, recipe.train_float, paths, team)
    rows = [line.split(",") for line in (folder / "float" / "history.csv").read_text().splitlines()]
    return {name: [*column] for name, *column in zip(*rows, strict=True)}


def test_pictures_are_learnt_by_heart(tmp_path: Path) -> None:
    history = trained(tmp_path, epochs=20, validate_every=20)
    assert float(history["val_top1"][-1]) == 1
    assert float(history["classes_loss"][-1]) < float(history["classes_loss"][1])


def test_with_all_of_the_backbone_frozen_the_rest_still_learns(tmp_path: Path) -> None:
    trained(tmp_path, epochs=2, validate_every=2, frozen_blocks="all", micro_batches=2)
    network = Network(classifier_recipe(), CLASSES).build()
    network.load_weights(tmp_path / "float" / "weights.h5")
    norms = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert not any(np.any(norm.moving_mean) for norm in norms), "statistics of the backbone changed"
    assert np.abs(network.get_layer("logits").bias).min() > 0
    (events,) = (tmp_path / "runs" / "tensorboard").glob("events*")
    shown = EventAccumulator(str(events), size_guidance={"tensors": 0}).Reload()
    assert {"val/000000", "val/answers"} <= {*shown.Tags()["tensors"]}
    *_, picture = shown.Tensors("val/000000")[-1].tensor_proto.string_val
    assert struct.unpack(">II", picture[16:24]) == (256, 192 + 4 * 18 + 4)  # PNG's width and height: four lines below
    (table,) = shown.Tensors("val/answers")[-1].tensor_proto.string_val
    assert b"| 000001    | light   |" in table


@pytest.mark.parametrize("blocks", ["some", -1, True, 1.5])
def test_neither_a_number_of_blocks_nor_all_is_refused(blocks: object) -> None:
    params = classifier_params()
    params["train_float"]["frozen_blocks"] = blocks
    with pytest.raises(ValueError, match="expected a number of blocks, or the word all"):
        Recipe.model_validate({**params, "name": "classifier"})


def test_a_width_that_the_backbone_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match=r"resnet50_v2 has one width: set alpha to 1\.0"):
        Recipe.model_validate({**classifier_params(backbone="resnet50_v2"), "name": "classifier"})
