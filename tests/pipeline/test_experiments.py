"""The page about experiments, command by command, on the tiny recipe."""

import re
from pathlib import Path

import pytest
import yaml

from conftest import ROOT, Project

PAGE = (ROOT / "docs" / "experiments.md").read_text()


@pytest.fixture
def committed(reproduced: Project, tmp_path: Path) -> Project:
    """A copy of the project with everything in git."""
    project = reproduced.copy(tmp_path / "project")
    project.git("add", "--all")
    project.git("commit", "--quiet", "--message", "All")
    return project


def rate(project: Project) -> float:
    params = yaml.safe_load((project.folder / "params.yaml").read_text())
    return float(params["quickstart"]["train_qat"]["learning_rate"])


@pytest.mark.slow
def test_the_page(committed: Project) -> None:
    commands = [
        line
        for block in re.findall(r"```\n(.*?)```", PAGE, re.DOTALL)
        for line in block.splitlines()
        if not line.startswith("source ")
    ]
    before, said = rate(committed), {}
    weights = committed.bytes_of("models/quickstart/float")
    for command in commands:
        result = committed.run("bash", "-c", command)
        assert result.returncode == 0, (command, result.stderr)
        said[" ".join(command.split()[:3])] = result.stdout
        if "exp run" in command or "exp apply" in command:
            assert rate(committed) == 1e-4 != before
    assert "Running stage 'train_qat@quickstart'" in said["dvc exp run"]
    assert "Running stage 'train_float@quickstart'" not in said["dvc exp run"]
    assert "train_qat.learning_rate" in said["dvc params diff"]
    assert "variants.uint8.voc12_map" in said["dvc metrics diff"]
    head, *_ = [line for line in said["dvc exp show"].splitlines() if "Experiment" in line]
    assert "learning_rate" in head and len(head) < 200  # fits a terminal
    assert rate(committed) == before  # the page ends where it began
    assert committed.bytes_of("models/quickstart/float") == weights
