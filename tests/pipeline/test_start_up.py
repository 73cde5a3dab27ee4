"""Stages and commands start without what they do not need of TensorFlow and Keras, whose imports take seconds."""

import subprocess
import sys

import pytest

from conftest import Project
from pipeline.imports import SRC, closure

SLOW = {"tensorflow", "tf_keras", "tensorflow_model_optimization"}


def imported_by(project: Project, *words: str) -> set[str]:
    """The packages that a script imports while it does all of its work."""
    result: subprocess.CompletedProcess[str] = project.run(sys.executable, "-X", "importtime", *words)
    lines = [line for line in result.stderr.splitlines() if line.startswith("import time:")]
    assert result.returncode == 0, result.stderr[-2000:]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


@pytest.mark.parametrize("task", ["detection", "classification"])
@pytest.mark.parametrize("stage", ["score", "report"])
def test_no_task_brings_it_in(stage: str, task: str) -> None:
    assert "src/octet/common/tensorflow.py" not in closure(SRC / f"{stage}.py", task)


def test_fetch(project: Project) -> None:
    assert not SLOW & imported_by(project, "src/fetch.py", "quickstart")


@pytest.mark.parametrize("words", [("src/score.py",), ("src/report.py",), ("src/octet", "summary")], ids=str)
def test_what_looks_at_results(project: Project, reproduced: Project, words: tuple[str, ...]) -> None:
    project.take(reproduced, "data", "models", "reports")
    imported = imported_by(project, *words, "quickstart")
    assert not SLOW & imported


def test_quantization_does_without_keras_3(project: Project) -> None:
    """TFMOT, which works on tf_keras, would import it."""
    imported = "import sys, octet.quantization.qat; print({name.split('.')[0] for name in sys.modules})"
    result = project.run(sys.executable, "-c", f"import sys; sys.path.insert(0, 'src'); {imported}")
    assert "'tf_keras'" in result.stdout, result.stderr
    assert "'keras'" not in result.stdout
