"""Several replicas that each compute a part of a batch move the weights as one that computes all of it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT

ROUNDING = 2e-5  # of float32, which Adam's division makes larger where a gradient is small
ROUNDED = 2e-3  # a value that is rounded to eight bits can fall on the other side: two of Adam's steps

CASES = [
    # task, training, micro-batches, frozen or trained batch norm and ranges, replicas, the largest distance
    ("detection", "train_float", 1, "trained", 2, ROUNDING),
    ("classification", "train_float", 2, "trained", 2, ROUNDING),
    ("detection", "train_qat", 2, "frozen", 2, ROUNDED),
    pytest.param("detection", "train_float", 1, "trained", 4, ROUNDING, marks=pytest.mark.slow),
    pytest.param("detection", "train_qat", 1, "trained", 4, ROUNDED, marks=pytest.mark.slow),
    pytest.param("classification", "train_qat", 2, "trained", 2, ROUNDED, marks=pytest.mark.slow),
]


def train(task: str, training: str, micro_batches: int, frozen: str, brightest: float, *replicas: int) -> list[Any]:
    """What train_on_replicas.py says of each number of replicas, in a process of its own."""
    return run("train_on_replicas.py", task, training, micro_batches, frozen, brightest, *replicas)


def run(script: str, *words: Any) -> list[Any]:
    """What a script beside this file says, in a process of its own, as each has its devices for good."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT / "tests")))}
    command = [sys.executable, str(Path(__file__).with_name(script)), *map(str, words)]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


@pytest.mark.parametrize(("task", "training", "micro_batches", "frozen", "replicas", "distance"), CASES)
def test_parts_of_a_batch_are_the_batch(
    task: str, training: str, micro_batches: int, frozen: str, replicas: int, distance: float
) -> None:
    _, shared = train(task, training, micro_batches, frozen, 1.0, 1, replicas)
    assert shared["mean"] < ROUNDING  # for the few that do; with another gradient, most move another step
    assert shared["losses"] < distance
    assert shared["distance"] < distance, shared["variable"]
    assert shared["differing"] == []


def test_no_range_differs_between_replicas() -> None:
    """Pictures that are brighter than pixels can be would widen the input's range in the replica that has them."""
    (shared,) = train("detection", "train_qat", 1, "trained", 3.0, 2)
    assert shared["differing"] == []


@pytest.mark.parametrize("replicas", [2, 3])
def test_batch_norm_of_parts_is_that_of_the_batch(replicas: int) -> None:
    """Each part's own mean and variance are far from those of all, in which the kernels' results are corrected."""
    (found,) = run("normalize_on_replicas.py", replicas)
    assert found["outputs"] < 1e-5
    assert found["gradients"] < 1e-5
    assert found["moving"] < 1e-5
    assert found["refused"] == 0
