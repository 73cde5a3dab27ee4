"""Doctor's lines about the number of GPUs."""

import json
from typing import Any

import pytest

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
    assert check_devices(on_gpus("one", 1), gpus=0) == []
    assert check_devices(detection_recipe(), gpus=2) == []


@pytest.fixture(autouse=True)
def no_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TF_CONFIG", "SLURM_STEP_NODELIST", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)


def test_processes_are_counted_before_a_launcher_starts_them() -> None:
    (finding,) = check_devices(on_gpus("workers", 8), gpus=2)
    assert (finding.state, finding.remedy) == ("note", "start 4 such processes; docs/scaling.md")
    assert "has 8 replicas in processes that a launcher starts; this machine has 2 GPUs" in finding.text
    (finding,) = check_devices(on_gpus("workers", 8), gpus=3)  # of which each can use two
    assert finding.remedy == "start 4 such processes; docs/scaling.md"
    (finding,) = check_devices(on_gpus("workers", 8, device="cpu"), gpus=2)
    assert finding.remedy == "start 8 such processes; docs/scaling.md"


@pytest.mark.parametrize(
    ("processes", "state", "text", "remedy"),
    [
        (2, "ok", "has 4 replicas in each of 2 processes", ""),
        (1, "note", "this machine has 4 GPUs", "start 2 such processes"),
        (3, "FAIL", "has 8 replicas for 3 processes", "replicas to a multiple of 3"),
    ],
)
def test_processes_that_a_launcher_started(
    processes: int, state: str, text: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched(monkeypatch, *(f"host{number}" for number in range(processes)))
    (finding,) = check_devices(on_gpus("workers", 8), gpus=4)
    assert finding.state == state
    assert text in finding.text
    assert remedy in finding.remedy


def launched(monkeypatch: pytest.MonkeyPatch, *hosts: str) -> None:
    addresses = [f"{host}:{number + 1}" for number, host in enumerate(hosts)]
    task = {"type": "worker", "index": 0}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": {"worker": addresses}, "task": task}))


def test_processes_of_one_machine_need_gpus_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    launched(monkeypatch, "one", "one", "two", "two")
    (finding,) = check_devices(on_gpus("workers", 8), gpus=2)
    assert finding.text == "2 processes on this machine need 4 GPUs, and there are 2"
    assert check_devices(on_gpus("workers", 8), gpus=4)[0].state == "ok"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    assert check_devices(on_gpus("workers", 8), gpus=2)[0].state == "ok"


def test_a_launcher_that_names_no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_CONFIG", "{}")
    (finding,) = check_devices(on_gpus("workers", 8), gpus=4)
    assert (finding.state, finding.text.split(":")[0]) == ("FAIL", "TF_CONFIG")


def test_a_tpu_was_never_tried() -> None:
    (finding,) = check_devices(on_gpus("tpu", 8), gpus=0)
    assert (finding.state, "never tried" in finding.text) == ("note", True)
