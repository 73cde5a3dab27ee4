"""A training is the same bytes every time, also when it was killed in the middle and started again."""

import signal

import pytest

from conftest import Project

pytestmark = pytest.mark.xdist_group("reproduced")
MODELS = "models/quickstart"


@pytest.fixture
def ready(project: Project, reproduced: Project) -> Project:
    """A project in which the reproduced one's data lies, and nothing is trained."""
    project.take(reproduced, "data")
    return project


def kill_after_first_epoch(project: Project, stage: str) -> None:
    """Start the stage and kill it as soon as it says that an epoch is done."""
    process = project.start("python", "-u", f"src/{stage}.py", "quickstart")
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("Epoch 2/"):
            process.send_signal(signal.SIGKILL)
            break
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (project.folder / MODELS / stage.removeprefix("train_")).exists()


def test_killed_and_resumed_is_the_same_bytes(ready: Project, reproduced: Project) -> None:
    for stage in ("train_float", "train_qat"):
        kill_after_first_epoch(ready, stage)
        result = ready.stage(stage)
        assert result.returncode == 0, result.stderr
        assert "going on after epoch 1" in result.stdout
    result = ready.stage("convert")
    assert result.returncode == 0, result.stderr
    assert ready.bytes_of(MODELS) == reproduced.bytes_of(MODELS)
    assert list((ready.folder / "runs").rglob("unfinished-*")) == []
    assert list((ready.folder / "runs/quickstart/train_float/tensorboard").rglob("events.*"))
