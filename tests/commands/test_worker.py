"""What a process of several does that has nothing to train with others; tests/slurm has two that train."""

import json

import pytest

from conftest import Project


def test_without_a_launcher_it_says_how_to_start_it(project: Project) -> None:
    result = project.octet("worker", "train_float", "quickstart")
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert "neither TF_CONFIG nor a step of Slurm" in line


def test_a_training_of_one_process_is_left_to_the_first(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    task = {"cluster": {"worker": ["one:11", "two:22"]}, "task": {"type": "worker", "index": 1}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(task))
    result = project.octet("worker", "train_qat", "quickstart")
    assert result.returncode == 0
    assert result.stdout == "quickstart.train_qat.strategy.kind is one: the chief (one:11) trains alone\n"
