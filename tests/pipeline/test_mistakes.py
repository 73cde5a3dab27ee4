"""What a user can do wrong ends in one clear line, a failure, and no half-written output."""

import io
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout

import pytest

from conftest import STAGES, Project, tiny_params

Here = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture
def here(project: Project, monkeypatch: pytest.MonkeyPatch) -> Here:
    """Runs a stage of the project in this process, which has TensorFlow already, up to where it is refused."""
    monkeypatch.chdir(project.folder)

    def run(stage: str) -> subprocess.CompletedProcess[str]:
        script, out = f"src/{stage}.py", io.StringIO()
        monkeypatch.setattr(sys, "argv", [script, "quickstart"])
        with redirect_stdout(out), pytest.raises(SystemExit) as end:
            runpy.run_path(script, run_name="__main__")
        assert isinstance(end.value.code, str)  # which Python prints as it ends, with exit code 1
        return subprocess.CompletedProcess([script], 1, out.getvalue(), end.value.code)

    return run


def assert_one_line(result: subprocess.CompletedProcess[str], *words: str) -> None:
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    for word in ("octet: ", *words):
        assert word in line


def test_no_such_recipe(project: Project) -> None:
    assert_one_line(project.stage("fetch", "nosuch"), "'nosuch'", "there are: quickstart")


@pytest.mark.parametrize("stage", ["fetch", "train_float"])
def test_a_typo_in_params(project: Project, stage: str) -> None:
    params = tiny_params()
    params["quickstart"]["train_qat"]["epocs"] = 3
    project.write_params(params)
    assert_one_line(project.stage(stage), "params.yaml: quickstart.train_qat.epocs", "did you mean 'epochs'")
    assert not (project.folder / "data").exists()


@pytest.mark.parametrize(
    ("stage", "needed"),
    [
        ("preprocess", "fetch"),
        ("train_float", "preprocess"),
        ("train_qat", "preprocess"),
        ("train_control", "preprocess"),
        ("convert", "preprocess"),
        ("layers", "preprocess"),
        ("evaluate", "preprocess"),
        ("score", "preprocess"),
        ("report", "score"),
    ],
)
def test_a_stage_before_the_one_it_needs(project: Project, here: Here, stage: str, needed: str) -> None:
    assert_one_line(here(stage), "is missing", f"dvc repro {needed}@quickstart")
    assert not (project.folder / "models").exists()
    assert not (project.folder / "reports").exists()


@pytest.mark.parametrize(
    ("stage", "gone", "needed"),
    [
        ("train_qat", "models/quickstart/float", "train_float"),
        ("convert", "models/quickstart/float", "train_float"),
        ("convert", "models/quickstart/qat", "train_qat"),
        ("train_control", "models/quickstart/float", "train_float"),
        ("layers", "models/quickstart/detector_uint8.tflite", "convert"),
        ("evaluate", "models/quickstart/control", "train_control"),
        ("evaluate", "models/quickstart/qat", "train_qat"),
        ("evaluate", "models/quickstart/tflite/dynamic.tflite", "convert"),
        ("evaluate", "models/quickstart/detector_uint8.tflite", "convert"),
        ("report", "models/quickstart/qat", "train_qat"),
        ("score", "reports/quickstart/detections", "evaluate"),
        ("score", "reports/quickstart/files.json", "evaluate"),
        ("report", "reports/quickstart/evaluation.json", "score"),
        ("report", "reports/quickstart/curves/qat.csv", "score"),
    ],
)
def test_something_in_between_is_gone(
    project: Project, reproduced: Project, here: Here, stage: str, gone: str, needed: str
) -> None:
    project.take(reproduced, "data", "models", "reports")
    taken_away = project.folder / gone
    if taken_away.is_dir():
        shutil.rmtree(taken_away)
    else:
        taken_away.unlink()
    assert_one_line(here(stage), gone, "is missing", f"dvc repro {needed}@quickstart")


@pytest.mark.parametrize(
    ("stage", "damaged", "needed"),
    [
        ("train_qat", "models/quickstart/float/weights.h5", "dvc repro train_float@quickstart"),
        ("train_control", "models/quickstart/float/weights.h5", "dvc repro train_float@quickstart"),
        ("convert", "models/quickstart/qat/weights.h5", "dvc repro train_qat@quickstart"),
        ("layers", "models/quickstart/detector_uint8.tflite", "dvc repro convert@quickstart"),
        ("evaluate", "models/quickstart/tflite/uint8_raw.tflite", "dvc repro convert@quickstart"),
        ("score", "data/quickstart/records/test-00001-of-00002.tfrecord", "run preprocess again"),
    ],
)
def test_something_in_between_is_damaged(
    project: Project, reproduced: Project, here: Here, stage: str, damaged: str, needed: str
) -> None:
    project.take(reproduced, "data", "models", "reports")
    os.truncate(project.folder / damaged, 3000)
    assert_one_line(here(stage), damaged, needed)


@pytest.mark.parametrize("keep", [0, 700, 20_000])
def test_a_corrupt_archive(project: Project, keep: int) -> None:
    assert project.stage("fetch").returncode == 0
    archive = project.folder / "data/quickstart/archives/shapes.tar"
    archive.write_bytes(archive.read_bytes()[:keep])
    assert_one_line(project.stage("preprocess"), "shapes.tar")
    assert not (project.folder / "data/quickstart/records").exists()


def test_no_archive_at_all(project: Project) -> None:
    (project.folder / "data/quickstart/archives").mkdir(parents=True)
    assert_one_line(project.stage("preprocess"), "SHAPES/test", "in no archive")


def test_a_class_that_the_recipe_does_not_list(project: Project) -> None:
    params = tiny_params()
    params["quickstart"]["dataset"]["classes"] = ["ring", "star"]
    project.write_params(params)
    assert project.stage("fetch").returncode == 0
    result = project.stage("preprocess")
    assert result.returncode == 1
    head, *lines = result.stderr.splitlines()
    assert head.startswith(f"octet: {len(lines)} things are wrong with the data")
    assert all("unknown class: the recipe lists ring, star" in line for line in lines)
    assert not (project.folder / "data/quickstart/records").exists()


def test_no_permission_for_outputs(project: Project) -> None:
    """Root may write anywhere, so there it runs without that privilege."""
    (project.folder / "data").mkdir(mode=0o555)
    command = [sys.executable, "src/fetch.py", "quickstart"]
    if os.geteuid() == 0:
        command = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", *command]
    assert_one_line(project.run(*command), "write", "Permission denied")
    assert list((project.folder / "data").iterdir()) == []


@pytest.mark.parametrize(
    ("stage", "output"), [("fetch", "data/quickstart/archives"), ("preprocess", "data/quickstart/records")]
)
def test_no_space_for_outputs(project: Project, stage: str, output: str) -> None:
    """A file larger than the limit is refused by the system, as a full disk refuses it."""
    for before in STAGES[: STAGES.index(stage)]:
        assert project.stage(before).returncode == 0
    assert_one_line(limited(project, stage), "write")
    assert not list((project.folder / output).parent.glob(f"{(project.folder / output).name}*"))


def test_no_space_for_a_checkpoint(project: Project) -> None:
    for before in ("fetch", "preprocess"):
        assert project.stage(before).returncode == 0
    assert_one_line(limited(project, "train_float"), "cannot write")
    assert not (project.folder / "models").exists()


def limited(project: Project, stage: str) -> subprocess.CompletedProcess[str]:
    """Run a stage that may write no file of more than 16 KiB."""
    return project.run("bash", "-c", f"ulimit -f 16; trap '' XFSZ; exec {sys.executable} src/{stage}.py quickstart")


def test_dvc_stops_at_the_line(project: Project) -> None:
    project.set_up_dvc()
    params = tiny_params()
    params["quickstart"]["train_float"]["epochs"] = 0
    project.write_params(params)
    result = project.run("dvc", "repro", "fetch@quickstart")
    assert result.returncode != 0
    assert "octet: params.yaml: quickstart.train_float.epochs: found 0" in result.stderr
    assert "Traceback" not in result.stderr


EDITS = """
from pathlib import Path
from octet.recipe.shared import stage

def main(recipe):
    for name in ("archives", "pretrained"):
        Path("data/quickstart", name).mkdir(parents=True)
        Path("data/quickstart", name, "made").touch()
    edited = Path({path!r})
    before = edited.read_text() if edited.exists() else ""
    edited.write_text(before.replace({old!r}, {text!r}, 1) if {old!r} else before + {text!r})

stage.run(main, None)
"""


def let_fetch_edit(project: Project, path: str, text: str, old: str = "") -> None:
    """Put a script in fetch's place that, when it has made its outputs, writes a text to a file, for an old one."""
    (project.folder / "src/fetch.py").write_text(EDITS.format(path=path, text=text, old=old))


@pytest.mark.parametrize(
    ("path", "old", "text", "changed"),
    [
        ("params.yaml", "side: 96", "side: 95", "params.yaml: quickstart.dataset.source"),
        ("src/octet/fetching/own.py", "", "# edited\n", "src/octet/fetching/own.py"),
        ("src/octet/fetching/new.py", "", "# added\n", "src/octet/fetching/new.py"),
        ("src/fetch.py", "", "# edited\n", "src/fetch.py"),
        ("requirements/runtime.txt", "", "# edited\n", "requirements/runtime.txt"),
        ("params.yaml", "", "half_a_recipe: [", "params.yaml: not valid YAML: while parsing a flow"),
    ],
)
def test_what_made_the_outputs_is_edited_meanwhile(
    project: Project, path: str, old: str, text: str, changed: str
) -> None:
    let_fetch_edit(project, path, text, old)
    result = project.stage("fetch")
    assert_one_line(result, f"changed while fetch ran: {changed}")
    assert "Its outputs are not of what stands there now: run it again" in result.stderr


@pytest.mark.parametrize(
    ("path", "text"), [("params.yaml", "other: {}\n"), ("src/octet/training/run.py", "# edited\n")]
)
def test_what_concerns_other_stages_is_edited_meanwhile(project: Project, path: str, text: str) -> None:
    let_fetch_edit(project, path, text)
    result = project.stage("fetch")
    assert result.returncode == 0, result.stderr


def test_dvc_locks_no_outputs_of_what_was_edited_until_it_is_undone(project: Project) -> None:
    """DVC would write into dvc.lock that what is there afterwards made them."""
    project.set_up_dvc()
    path = project.folder / "src/octet/fetching/own.py"
    before = path.read_bytes()
    let_fetch_edit(project, str(path), "# edited\n")
    failed = project.run("dvc", "repro", "fetch@quickstart")
    assert "keep them with `dvc commit --force fetch@quickstart`" in failed.stderr
    assert not (project.folder / "dvc.lock").exists()
    path.write_bytes(before)
    assert project.run("dvc", "commit", "--force", "fetch@quickstart").returncode == 0
    again = project.run("dvc", "repro", "fetch@quickstart")
    assert "Stage 'fetch@quickstart' didn't change, skipping" in again.stdout
