"""What a process of several does that has nothing to train with others; tests/slurm has two that train."""

import json
import re
import subprocess
import sys

import pytest
import yaml

from conftest import Project
from helpers.ports import free_addresses

TRAINING = """
import time

from octet.common.errors import report_user_errors
from octet.common.interruption import stop_requested
from octet.recipe.shared.load import load_recipe
from octet.training.strategy import start_team

with report_user_errors():
    start_team(load_recipe("quickstart").train_float)
    with stop_requested() as is_stop_requested:
        print("training", flush=True)
        end = time.monotonic() + 60
        while not is_stop_requested() and time.monotonic() < end:
            pass
    print("saved" if is_stop_requested() else "nobody asked it to stop", flush=True)
    raise KeyboardInterrupt
"""


NOBODY_WAITS = """
from octet.recipe.shared.load import load_recipe
from octet.recipe.shared.recipe import Strategy
from octet.training import strategy

strategy._LATE = 0.05  # seconds, in the place of minutes
plan = load_recipe("quickstart").train_float
strategy.dismiss(plan.model_copy(update={"strategy": Strategy(kind="workers", replicas=2)}))
print("goes on")
"""


def test_a_chief_without_work_goes_on_where_the_others_have_ended(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = free_addresses(2)
    task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(task))
    monkeypatch.setenv("PYTHONPATH", "src")
    result = project.run(sys.executable, "-c", NOBODY_WAITS)
    assert result.returncode == 0, result.stderr
    *_, told, last = result.stdout.splitlines()
    assert told.startswith(f"there is nothing to train, and nobody to tell: worker 1 ({addresses[1]}) did not come")
    assert last == "goes on"


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


def test_a_signal_to_this_process_alone_stops_the_training_that_it_started(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = {"cluster": {"worker": ["one:11"]}, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(task))
    project.set_up_dvc()
    for name in ("pretrained", "records"):
        (project.folder / "data" / "quickstart" / name).mkdir(parents=True)
    (project.folder / "src" / "train_float.py").write_text(TRAINING)
    process = project.start(sys.executable, "src/octet", "worker", "train_float", "quickstart")
    assert process.stdout is not None
    assert "training\n" in iter(process.stdout.readline, "")
    process.terminate()
    out, err = process.communicate()
    assert process.returncode != 0
    assert out.splitlines() == ["stopping after the stage has saved", "stopping after this step", "saved"], out + err


WAITING = """
from octet.common.errors import report_user_errors
from octet.recipe.shared.load import load_recipe
from octet.training import strategy

strategy._LATE = {late}  # seconds, in the place of minutes
with report_user_errors():
    strategy.start_team(load_recipe("quickstart").train_float)
"""


@pytest.fixture
def chief(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose training is to be shared with a process that never comes."""
    task = {"cluster": {"worker": free_addresses(2)}, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(task))
    params = project.folder / "params.yaml"
    content = yaml.safe_load(params.read_text())
    content["quickstart"]["train_float"] |= {"strategy": {"kind": "workers", "replicas": 2}, "at_once": 1}
    params.write_text(yaml.safe_dump(content, sort_keys=False))
    project.set_up_dvc()
    for name in ("pretrained", "records"):
        (project.folder / "data" / "quickstart" / name).mkdir(parents=True)
    return project


def start_waiting(chief: Project, late: float) -> subprocess.Popen[str]:
    """The chief, once its training says that it waits so many seconds for the other."""
    (chief.folder / "src" / "train_float.py").write_text(WAITING.format(late=late))
    process = chief.start(sys.executable, "src/octet", "worker", "train_float", "quickstart")
    assert process.stdout is not None
    assert any(line.startswith("the chief") and "waiting" in line for line in iter(process.stdout.readline, ""))
    return process


def test_a_signal_is_heeded_while_the_others_have_not_come(chief: Project) -> None:
    process = start_waiting(chief, 600)
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode != 0


def test_a_chief_that_waited_in_vain_does_not_wait_again(chief: Project) -> None:
    out, err = start_waiting(chief, 1).communicate(timeout=60)
    assert re.search(r"worker 1 \(127\.0\.0\.1:\d+\) did not come", err)
    assert "nothing to train" not in out
