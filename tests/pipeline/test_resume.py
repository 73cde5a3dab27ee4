"""A training is the same bytes every time, also when it was stopped or killed in the middle and started again."""

import os
import re
import signal
import subprocess
import sys
from itertools import dropwhile
from pathlib import Path

import pytest
import yaml

from conftest import Project

MODELS = "models/quickstart"
FILES = ("history.csv", "weights.h5")
STEPS_PER_EPOCH = 3  # of the tiny recipe


@pytest.fixture
def ready(project: Project, reproduced: Project) -> Project:
    """A project in which the reproduced one's data lies, and nothing is trained."""
    project.take(reproduced, "data")
    return project


def stop(project: Project, stage: str, after: str, number: signal.Signals) -> tuple[int, str]:
    """Start a stage, send a signal as soon as it says `after`; its exit code and all that it said."""
    process = project.start("python", "-u", f"src/{stage}.py", "quickstart")
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if line.startswith(after):
            process.send_signal(number)
            break
    out, err = process.communicate()
    assert not (project.folder / MODELS / stage.removeprefix("train_")).exists()
    return process.returncode, said + out + err


def checkpoints(project: Project, stage: str) -> list[Path]:
    return sorted(project.folder.glob(f"runs/quickstart/{stage}/unfinished-*/step-*.checkpoint"))


def goes_on(project: Project, stage: str) -> str:
    """Run a stage to its end; what it said."""
    result = project.stage(stage)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.slow
def test_stopped_and_resumed_is_the_same_bytes(ready: Project, reproduced: Project) -> None:
    for stage, number in (("train_float", signal.SIGINT), ("train_qat", signal.SIGTERM)):
        code, said = stop(ready, stage, "epoch 1/", number)
        assert code == 130
        assert "stopping after this step" in said
        assert "the same command goes on from here" in said
        assert "Traceback" not in said
        (checkpoint,) = checkpoints(ready, stage)
        step = int(re.findall(r"step-(\d+)", checkpoint.name)[0])
        assert step >= STEPS_PER_EPOCH
        assert f"going on after step {step} of " in goes_on(ready, stage)
    again, once = ready.bytes_of(MODELS), reproduced.bytes_of(MODELS)
    assert again == {name: once[name] for name in again}
    assert sorted(again) == [f"{MODELS}/{network}/{file}" for network in ("float", "qat") for file in FILES]
    assert list((ready.folder / "runs").rglob("unfinished-*")) == []
    assert list((ready.folder / "runs/quickstart/train_float/tensorboard").rglob("events.*"))


def test_killed_and_resumed_is_the_same_bytes(ready: Project, reproduced: Project) -> None:
    """Stopped first, so that there is a checkpoint to go on from; then killed behind it."""
    stop(ready, "train_float", "epoch 1/", signal.SIGTERM)
    (checkpoint,) = checkpoints(ready, "train_float")
    assert list(checkpoint.parent.iterdir()) == [checkpoint]  # nothing that is not verified
    code, _ = stop(ready, "train_float", "going on after step", signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert "going on after step" in goes_on(ready, "train_float")
    assert ready.bytes_of(f"{MODELS}/float") == reproduced.bytes_of(f"{MODELS}/float")


@pytest.mark.slow
def test_a_damaged_checkpoint_is_told_and_the_training_begins_anew(ready: Project, reproduced: Project) -> None:
    stop(ready, "train_float", "epoch 1/", signal.SIGTERM)
    (checkpoint,) = checkpoints(ready, "train_float")
    os.truncate(checkpoint, 1000)
    said = goes_on(ready, "train_float")
    assert f"{checkpoint.relative_to(ready.folder)} is damaged" in said
    assert "going on" not in said.replace("not going on", "")
    assert ready.bytes_of(f"{MODELS}/float") == reproduced.bytes_of(f"{MODELS}/float")


def start_repro(project: Project, *words: str) -> subprocess.Popen[str]:
    """Start `dvc repro` in a process group of its own, which is signalled as a whole, as by a terminal."""
    return subprocess.Popen(
        [Path(sys.executable).with_name("dvc"), "repro", *words],
        cwd=project.folder,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    )


@pytest.mark.slow
def test_dvc_goes_on_where_it_was_interrupted(ready: Project) -> None:
    """As with Ctrl-C in a terminal, where the signal reaches DVC and the stage alike."""
    ready.set_up_dvc()
    process = start_repro(ready, "--single-item", "train_float@quickstart")
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("epoch 1/"):
            os.killpg(process.pid, signal.SIGINT)
            break
    process.communicate()
    assert process.returncode != 0
    result = ready.run("dvc", "repro", "--single-item", "train_float@quickstart")
    assert result.returncode == 0, result.stderr
    assert "going on after step" in result.stdout


@pytest.mark.slow
def test_killed_and_reproduced_is_the_same_bytes(project: Project, reproduced: Project) -> None:
    """Killed as a stage starts, at its first word, and while DVC writes dvc.lock."""
    project.set_up_dvc()
    starts, speaks, is_noted = "> python", "(?!> python)", "Updating lock file"
    for stage, at in (("fetch", is_noted), ("train_float", starts), ("train_qat", speaks), ("score", is_noted)):
        kill_repro(project, stage, at)
        check = project.octet("preflight", "quickstart")
        if "dvc.lock" in check.stderr:
            assert "as a killed run leaves it" in check.stderr
            assert "or remove it: DVC's cache still has what ran" in check.stderr
            (project.folder / "dvc.lock").unlink()
            check = project.octet("preflight", "quickstart")
        assert check.returncode == 0, check.stderr
    result = project.run("dvc", "repro", "report@quickstart")
    assert result.returncode == 0, result.stderr
    made = ("data", "models", "reports")
    assert project.bytes_of(*made) == reproduced.bytes_of(*made)
    here, there = (yaml.safe_load((folder / "dvc.lock").read_text()) for folder in (project.folder, reproduced.folder))
    assert here == there  # in the order in which the stages ended, which is another


def kill_repro(project: Project, stage: str, at: str) -> None:
    """Run what is stale up to a stage, and kill DVC and the stage at the first line from its start on that fits."""
    process = start_repro(project, f"{stage}@quickstart")
    assert process.stdout is not None
    lines = dropwhile(lambda line: not line.startswith(f"> python src/{stage}.py"), process.stdout)
    next(line for line in lines if re.match(at, line))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
