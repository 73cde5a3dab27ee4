"""What a user can do wrong ends in one clear line, a failure, and no half-written output."""

import os
import subprocess
import sys

import pytest

from conftest import Project, tiny_params

STAGES = ("fetch", "preprocess", "train_float", "train_qat", "convert", "evaluate", "report")


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
        ("convert", "preprocess"),
        ("evaluate", "preprocess"),
        ("report", "evaluate"),
    ],
)
def test_a_stage_before_the_one_it_needs(project: Project, stage: str, needed: str) -> None:
    assert_one_line(project.stage(stage), "is missing", f"dvc repro {needed}@quickstart")
    assert not (project.folder / "models").exists()
    assert not (project.folder / "reports").exists()


@pytest.mark.parametrize("keep", [0, 700, 20_000])
def test_a_corrupt_archive(project: Project, keep: int) -> None:
    assert project.stage("fetch").returncode == 0
    archive = project.folder / "data/quickstart/archives/shapes.tar"
    archive.write_bytes(archive.read_bytes()[:keep])
    assert_one_line(project.stage("preprocess"), "shapes.tar")
    assert [path.name for path in (project.folder / "data/quickstart").iterdir()] == ["archives"]


def test_no_archive_at_all(project: Project) -> None:
    (project.folder / "data/quickstart/archives").mkdir(parents=True)
    assert_one_line(project.stage("preprocess"), "SHAPES/train", "in no archive")


def test_a_class_that_the_recipe_does_not_list(project: Project) -> None:
    params = tiny_params()
    params["quickstart"]["dataset"]["classes"] = ["ring", "star"]
    project.write_params(params)
    assert project.stage("fetch").returncode == 0
    assert_one_line(project.stage("preprocess"), "Annotations/", "none of the recipe's classes: ring, star")
    assert not (project.folder / "data/quickstart/records").exists()


def test_no_permission_for_outputs(project: Project) -> None:
    """Root may write anywhere, so this runs as somebody else."""
    (project.folder / "data").mkdir(mode=0o555)
    command = [sys.executable, "src/fetch.py", "quickstart"]
    if os.geteuid() == 0:
        command = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", *command]
        for parent in (project.folder, *project.folder.parents):
            if str(parent).startswith("/tmp/"):
                parent.chmod(0o755)
    assert_one_line(project.run(*command), "cannot write", "Permission denied")
    assert list((project.folder / "data").iterdir()) == []


def test_no_space_for_outputs(project: Project) -> None:
    """A file larger than the limit is refused by the system, as a full disk refuses it."""
    result = project.run("bash", "-c", f"ulimit -f 8; trap '' XFSZ; exec {sys.executable} src/fetch.py quickstart")
    assert_one_line(result, "cannot write")
    assert list((project.folder / "data/quickstart").iterdir()) == []


def test_dvc_stops_at_the_line(project: Project) -> None:
    project.set_up_dvc()
    params = tiny_params()
    params["quickstart"]["train_float"]["epochs"] = 0
    project.write_params(params)
    result = project.run("dvc", "repro", "fetch@quickstart")
    assert result.returncode != 0
    assert "octet: params.yaml: quickstart.train_float.epochs: found 0" in result.stderr
    assert "Traceback" not in result.stderr
