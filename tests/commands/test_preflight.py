"""What would fail after hours fails before the first download, and what a killed run left behind stops no other."""

import subprocess
import sys

import pytest
import yaml

from conftest import Project, tiny_params


@pytest.fixture
def without_gpu(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A machine that shows no GPU."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.delenv("ALLOW_CPU", raising=False)
    return project


def train_on_a_gpu(project: Project, *trainings: str) -> None:
    params = tiny_params()
    for training in trainings:
        params["quickstart"][training]["device"] = "gpu"
    project.write_params(params)


def lock(project: Project, *trainings: str) -> None:
    """Write what DVC notes of trainings that were done, here or elsewhere."""
    stages = {f"{training}@quickstart": {"cmd": "x"} for training in trainings}
    (project.folder / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}))


@pytest.mark.parametrize("training", ["train_float", "train_qat"])
def test_a_recipe_for_a_gpu_is_stopped_where_there_is_none(
    without_gpu: Project, training: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_on_a_gpu(without_gpu, training)
    result = without_gpu.octet("preflight", "quickstart")
    assert result.returncode == 1
    assert result.stderr.startswith("octet: this recipe trains on a GPU (`device: gpu`) and TensorFlow finds none")
    monkeypatch.setenv("ALLOW_CPU", "1")
    assert without_gpu.octet("preflight", "quickstart").returncode == 0


def test_what_was_trained_elsewhere_needs_no_gpu(without_gpu: Project) -> None:
    """Its weights come from a DVC remote; what is yet to be trained needs one."""
    train_on_a_gpu(without_gpu, "train_float", "train_qat")
    lock(without_gpu, "train_float")
    assert "TensorFlow finds none" in without_gpu.octet("preflight", "quickstart").stderr
    lock(without_gpu, "train_float", "train_qat")
    assert without_gpu.octet("preflight", "quickstart").returncode == 0


def test_a_misspelt_operator_is_told_before_anything_runs(project: Project) -> None:
    params = tiny_params()
    params["quickstart"]["score"]["forbidden_operators"] = {"uint8_raw": ["FLOATS"]}
    project.write_params(params)
    result = project.octet("preflight", "quickstart")
    assert result.returncode == 1
    assert "TFLite has no operator 'FLOATS'; did you mean 'FLOAT'?" in result.stderr


@pytest.mark.parametrize(
    ("layer", "told"),
    [
        ("block_1_expnd", "the network has no layer 'block_1_expnd'; did you mean 'block_1_expand'?"),
        ("boxes", "the layer 'boxes' has no weights; name a convolution"),
    ],
)
def test_a_layer_that_cannot_stay_in_float_is_told_before_anything_runs(
    project: Project, layer: str, told: str
) -> None:
    params = tiny_params()
    params["quickstart"]["train_qat"]["float_layers"] = [layer]
    project.write_params(params)
    result = project.octet("preflight", "quickstart")
    assert (result.returncode, result.stderr) == (1, f"octet: train_qat.float_layers: {told}\n")
    lock(project, "train_float", "train_qat")
    assert project.octet("preflight", "quickstart").returncode == 0


def test_a_recipe_for_the_cpu_passes(project: Project) -> None:
    result = project.octet("preflight", "quickstart")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize("command", ["preflight", "doctor"])
def test_a_recipe_that_the_pipeline_lists_with_another_task(project: Project, command: str) -> None:
    """Its stages would depend on the other task's code, and promise the other task's file."""
    pipeline = project.folder / "dvc.yaml"
    content = yaml.safe_load(pipeline.read_text())
    content["vars"][0]["recipes"]["quickstart"]["task"] = "classification"
    pipeline.write_text(yaml.safe_dump(content))
    result = project.octet(command, "quickstart")
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert "dvc.yaml: vars: recipes: quickstart: found the task classification, expected detection" in line


def test_a_recipe_that_the_pipeline_does_not_list(project: Project) -> None:
    params = project.folder / "params.yaml"
    params.write_text(yaml.safe_dump({**tiny_params(), "other": tiny_params()["quickstart"]}))
    result = project.octet("preflight", "other")
    assert result.returncode == 1
    assert result.stderr == "octet: dvc.yaml lists no recipe 'other' under `vars`; there are: quickstart\n"


@pytest.mark.parametrize("flags", [("--dry",), ("-n",), ("--force", "--dr")])
def test_before_a_dry_run_nothing_is_fetched(project: Project, flags: tuple[str, ...]) -> None:
    params = tiny_params()
    own = {"name": "own.h5", "bytes": None, "sha256": None, "sources": ["own.h5"]}
    params["quickstart"]["dataset"]["pretrained"] = own
    project.write_params(params)
    (project.folder / "own.h5").touch()
    result = project.octet("preflight", "quickstart", *flags)
    told = "octet: the recipe's own files are not what was fetched last: fetch@quickstart would run first\n"
    assert (result.returncode, result.stdout, result.stderr) == (0, "", told)
    assert not (project.folder / "runs").exists()


@pytest.mark.parametrize("lock", ["", "schema: '2.0'\nstages:\n  fetch@quickst"])
def test_half_a_lock_is_said(project: Project, lock: str) -> None:
    (project.folder / "dvc.lock").write_text(lock)
    result = project.octet("preflight", "quickstart")
    assert result.returncode == 1
    assert "as a killed run leaves it: bring the committed one back with `git checkout dvc.lock`" in result.stderr


@pytest.mark.parametrize("left", ["", '{"write": {"data": 3}}'])
def test_half_of_dvcs_notes_is_removed(project: Project, left: str) -> None:
    project.set_up_dvc()
    notes = project.folder / ".dvc" / "tmp" / "rwlock"
    notes.write_text(left)
    assert "rwlock" in project.run("dvc", "status", "fetch@quickstart").stderr
    result = project.octet("preflight", "quickstart")
    assert (result.returncode, result.stdout) == (0, ""), result.stderr
    assert result.stderr == "octet: removed .dvc/tmp/rwlock, which a killed run left unreadable\n"
    assert project.run("dvc", "status", "fetch@quickstart").returncode == 0


HOLDS = """
import sys
from dvc.lock import make_lock

with make_lock(".dvc/tmp/rwlock.lock"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_notes_that_somebody_is_writing_stay(project: Project) -> None:
    """DVC writes them under a lock of their own, and for a moment they are empty."""
    project.set_up_dvc()
    notes = project.folder / ".dvc" / "tmp" / "rwlock"
    notes.write_text("")
    writer = subprocess.Popen(
        [sys.executable, "-c", HOLDS], cwd=project.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "held\n"
    result = project.octet("preflight", "quickstart")
    writer.communicate()
    assert result.returncode == 1
    assert "octet: Unable to acquire lock" in result.stderr
    assert notes.exists()


@pytest.mark.parametrize("notes", ["{}", '{"write": {"/data": {"pid": 1, "cmd": "dvc repro"}}}'])
def test_notes_that_dvc_can_read_stay(project: Project, notes: str) -> None:
    project.set_up_dvc()
    file = project.folder / ".dvc" / "tmp" / "rwlock"
    file.write_text(notes)
    assert project.octet("preflight", "quickstart").returncode == 0
    assert file.read_text() == notes
