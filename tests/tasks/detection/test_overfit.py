"""A training that cannot learn eight pictures by heart will not learn thousands."""

from pathlib import Path

import pytest

from conftest import IN_ONE, detection_recipe
from octet.common.tensorflow import keras, tf
from octet.data.writing.records import write_class_names, write_split
from octet.recipe.detection import TrainFloat
from octet.sources.packing import shapes
from octet.tasks.detection.learning.part import Learning
from octet.tasks.detection.network.part import Network
from octet.tasks.detection.preparing.example import to_example
from octet.training.networks import float_networks
from octet.training.run import TrainingPaths, run_training
from octet.training.strategy import Team


@pytest.mark.slow
def test_eight_pictures_are_learnt_by_heart(tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    recipe = detection_recipe()
    # One batch has all pictures, so batch norm's statistics need no long average.
    recipe = recipe.model_copy(update={"model": recipe.model.model_copy(update={"batch_norm_momentum": 0.5})})
    still = {"flip": 0.0, "contrast": 0.0, "brightness": 0.0, "colour": 0.0}
    long = {"epochs": 60, "batch": 8, "validate_every": 60, "learning_rate": 0.005, "warmup_epochs": 10.0, **IN_ONE}
    given = recipe.train_float.model_dump()
    plan = TrainFloat.model_validate(
        {**given, **long, "ema_decay": 0.9, "augmentation": {**given["augmentation"], **still}}
    )
    records = tmp_path / "records"
    records.mkdir()
    examples = [
        to_example(annotation, picture, shapes.CLASSES)
        for picture, annotation in (shapes.render_picture(5, 160, f"{n:06d}") for n in range(8))
    ]
    for split in ("train", "val"):
        write_split(records, split, 1, examples)
    write_class_names(records, shapes.CLASSES)
    team = Team(tf.distribute.get_strategy())
    networks = float_networks(Network(recipe, shapes.CLASSES), plan, [], team.strategy)
    paths = TrainingPaths(records, [], tmp_path / "runs", tmp_path / "float")
    run_training(Learning(recipe, shapes.CLASSES), networks, plan, paths, team)
    header, *_, last = (tmp_path / "float" / "history.csv").read_text().splitlines()
    assert float(last.split(",")[header.split(",").index("val_map")]) >= 0.99
