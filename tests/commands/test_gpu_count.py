"""Doctor's lines about the number of GPUs."""

from typing import Any

from conftest import detection_recipe
from octet.commands.health.devices import check_devices
from octet.recipe.detection import Recipe


def on_gpus(kind: str, replicas: int, **training: Any) -> Recipe:
    """`quickstart` with a float training on GPUs; the other one stays on the CPU."""
    recipe = detection_recipe()
    strategy = recipe.train_float.strategy.model_copy(update={"kind": kind, "replicas": replicas})
    plan = recipe.train_float.model_copy(update={"device": "gpu", "strategy": strategy, **training})
    return recipe.model_copy(update={"train_float": plan})


def test_more_gpus_than_there_are() -> None:
    (finding,) = check_devices(on_gpus("mirrored", 4), gpus=2)
    assert (finding.state, finding.text) == ("FAIL", "quickstart.train_float wants 4 GPUs, and there are 2")
    assert finding.remedy == "set quickstart.train_float.strategy to {kind: mirrored, replicas: 2}"
    (finding,) = check_devices(on_gpus("mirrored", 4), gpus=1)
    assert finding.remedy == "set quickstart.train_float.strategy to {kind: one, replicas: 1}"


def test_gpus_that_idle() -> None:
    (finding,) = check_devices(on_gpus("one", 1, xla=True), gpus=3)
    assert (finding.state, finding.text) == ("note", "quickstart.train_float uses 1 of 3 GPUs")
    assert finding.remedy == (
        "to use 2, set quickstart.train_float.strategy to {kind: mirrored, replicas: 2}, "
        "and quickstart.train_float.xla to false"
    )


def test_as_many_as_are_wanted_or_can_share_a_batch() -> None:
    assert check_devices(on_gpus("mirrored", 2), gpus=2) == []
    assert check_devices(on_gpus("mirrored", 2), gpus=3) == []  # a batch of 32 cannot be split in three
    assert check_devices(on_gpus("workers", 8), gpus=2) == []
    assert check_devices(on_gpus("one", 1), gpus=0) == []
    assert check_devices(detection_recipe(), gpus=2) == []
