"""`make stale` judges dvc.lock by what git tracks, and says the same with data, without, and with some of it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.repo import Repo

from conftest import ROOT, STAGES, Project, tiny_params
from octet.commands.reproduction.staleness import require_fresh_lock
from octet.common.errors import UserError


@pytest.fixture
def without_data(project: Project, reproduced: Project) -> Project:
    """A working copy whose dvc.lock fits it."""
    shutil.copytree(reproduced.folder / ".git", project.folder / ".git")
    project.take(reproduced, ".dvc/config", "dvc.lock")
    return project


@pytest.fixture
def with_data(without_data: Project, reproduced: Project) -> Project:
    without_data.take(reproduced, "data", "models", "reports", ".dvc/cache")
    return without_data


@pytest.fixture(params=["without_data", "with_data"])
def clone(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def append(path: str) -> Callable[[Project], None]:
    def change(project: Project) -> None:
        with (project.folder / path).open("a") as file:
            file.write("# A comment.\n")

    return change


def remove(path: str) -> Callable[[Project], None]:
    return lambda project: (project.folder / path).unlink()


def edit(path: str, change: Callable[[dict[str, Any]], Any]) -> Callable[[Project], None]:
    def apply(project: Project) -> None:
        file = project.folder / path
        content = yaml.safe_load(file.read_text())
        change(content)
        file.write_text(yaml.safe_dump(content, sort_keys=False))

    return apply


def write(path: str) -> Callable[[Project], None]:
    """Somebody's own file in an output's place; in a clone without data it is all there is."""

    def change(project: Project) -> None:
        (project.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (project.folder / path).unlink(missing_ok=True)
        (project.folder / path).write_text("by hand\n")

    return change


def lose_some_data(project: Project) -> None:
    for path in project.bytes_of("data", "models/quickstart/float"):
        (project.folder / path).unlink()


def in_lock(stage: str, path: str) -> Callable[[Project], None]:
    """Another hash of an output in dvc.lock, as if the stage had run again and those after it had not."""

    def change(lock: dict[str, Any]) -> None:
        (out,) = (out for out in lock["stages"][f"{stage}@quickstart"]["outs"] if out["path"] == path)
        out["md5"] = "0" * 32 + ".dir"

    return edit("dvc.lock", change)


FRESH = {
    "nothing": lambda _: None,
    "a comment in params.yaml": append("params.yaml"),
    "a comment in dvc.yaml": append("dvc.yaml"),
    "code that no stage runs": append("src/octet/commands/summary.py"),
    "a file by hand": write("models/quickstart/labels.txt"),
    "a file by hand inside a folder": write("data/quickstart/records/train-00000-of-00001.tfrecord"),
    "some data is missing": lose_some_data,
}

# what was done -> the reason that is given, and the stages that it is given for
STALE: dict[str, tuple[Callable[[Project], None], str, tuple[str, ...]]] = {
    "script": (append("src/fetch.py"), "src/fetch.py (modified)", ("fetch",)),
    "module": (
        append("src/octet/quantization/scheme.py"),
        "src/octet/quantization (modified)",
        ("train_qat", "train_control", "convert", "layers", "evaluate"),
    ),
    "module removed": (
        remove("src/octet/sources/packing/shapes.py"),
        "src/octet/sources/packing (modified)",
        ("fetch",),
    ),
    "parameter": (
        edit("params.yaml", lambda params: params["quickstart"]["train_float"].update(seed=99)),
        "quickstart.train_float (modified)",
        ("train_float", "convert", "report"),
    ),
    "parameter added": (
        edit("dvc.yaml", lambda pipeline: pipeline["stages"]["report"]["do"]["params"].append("${key}.score")),
        "quickstart.score (new)",
        ("report",),
    ),
    "requirements": (append("requirements/runtime.txt"), "requirements/runtime.txt (modified)", STAGES),
    "command": (
        edit(
            "dvc.yaml",
            lambda pipeline: pipeline["stages"]["report"]["do"].update(cmd="python src/report.py quickstart -v"),
        ),
        "cmd (modified)",
        ("report",),
    ),
    "output added": (
        edit("dvc.yaml", lambda pipeline: pipeline["stages"]["convert"]["do"]["outs"].append("models/more.txt")),
        "models/more.txt (new)",
        ("convert",),
    ),
    "never ran": (
        edit("dvc.lock", lambda lock: lock["stages"].pop("report@quickstart")),
        "never ran",
        ("report",),
    ),
    "an earlier stage made something else": (
        in_lock("train_float", "models/quickstart/float"),
        "models/quickstart/float (not what train_float@quickstart made)",
        ("train_qat", "train_control", "convert", "layers", "evaluate", "report"),
    ),
}


@pytest.mark.parametrize("change", FRESH.values(), ids=list(FRESH))
def test_fresh(clone: Project, change: Callable[[Project], None]) -> None:
    change(clone)
    assert require_fresh_lock(clone.folder) == ["quickstart"]


@pytest.mark.parametrize(("change", "reason", "stages"), STALE.values(), ids=list(STALE))
def test_stale(clone: Project, change: Callable[[Project], None], reason: str, stages: tuple[str, ...]) -> None:
    change(clone)
    with pytest.raises(UserError) as error:
        require_fresh_lock(clone.folder)
    heading, *lines, remedy = str(error.value).splitlines()
    assert heading == "dvc.lock is stale:"
    assert lines == [f"  {stage}@quickstart: {reason}" for stage in stages]
    assert remedy == "run `make reproduce RECIPE=quickstart`, then commit dvc.lock"


@pytest.mark.parametrize("done", [done for done in STALE if done != "an earlier stage made something else"])
def test_dvc_agrees_where_all_data_is_there(with_data: Project, done: str) -> None:
    """The exception is lost on it: it compares with the data on disk, and nobody changed that."""
    change, _, stages = STALE[done]
    change(with_data)
    with Repo(str(with_data.folder)) as repo:
        assert {name.rpartition(":")[2] for name in repo.status()} == {f"{stage}@quickstart" for stage in stages}


KEPT = r"bring the committed one back with `git checkout dvc\.lock`, or remove it: DVC's cache still has what ran"
NOTHING_RAN = r"run `make reproduce RECIPE=NAME`, then commit dvc\.lock"

# how dvc.lock becomes what it is -> what is said of it
NO_LOCK: dict[str, tuple[Callable[[str], str], str]] = {
    "empty": (lambda _: "", rf"dvc\.lock is empty, as a killed run leaves it: {KEPT}"),
    "cut in a word": (lambda lock: lock[: lock.index("data/")], rf"dvc\.lock breaks off, as a killed run .*: {KEPT}"),
    "cut before a value": (lambda lock: lock[: lock.index("    cmd:")], rf"dvc\.lock is damaged \(.*\): {KEPT}"),
    "no YAML": (lambda _: "stages: [\n", rf"dvc\.lock is damaged \(.*\): {KEPT}"),
    "not a mapping": (lambda _: "- a\n", rf"dvc\.lock is damaged \(.*\): {KEPT}"),
    "another schema": (lambda lock: lock.replace("2.0", "3.0", 1), rf"dvc\.lock is damaged \(.*\): {KEPT}"),
    "a merge conflict": (
        lambda lock: f"<<<<<<< HEAD\n{lock}=======\n{lock}>>>>>>> theirs\n",
        r"dvc\.lock has a merge conflict: take one side with `git checkout --ours dvc\.lock`",
    ),
    "no stage": (lambda _: "schema: '2.0'\n", rf"dvc\.lock has no entry: {NOTHING_RAN}"),
    "other recipes": (
        lambda lock: lock.replace("@quickstart", "@gone"),
        rf"dvc\.lock names no output of a stage that dvc\.yaml has; its entries are .*fetch@gone, .*: {NOTHING_RAN}",
    ),
}


@pytest.mark.parametrize(("change", "said"), NO_LOCK.values(), ids=list(NO_LOCK))
def test_a_lock_that_says_nothing(without_data: Project, change: Callable[[str], str], said: str) -> None:
    lock = without_data.folder / "dvc.lock"
    lock.write_text(change(lock.read_text()))
    with pytest.raises(UserError, match=f"^{said}$"):
        require_fresh_lock(without_data.folder)


def test_no_lock(clone: Project) -> None:
    (clone.folder / "dvc.lock").unlink()
    with pytest.raises(UserError, match=f"^dvc\\.lock is missing: {NOTHING_RAN}$"):
        require_fresh_lock(clone.folder)
    with pytest.raises(UserError, match=r"^dvc\.lock is missing: run `make reproduce RECIPE=quickstart`"):
        require_fresh_lock(clone.folder, "quickstart")


def test_a_recipe_that_the_pipeline_does_not_list(without_data: Project) -> None:
    edit("params.yaml", lambda params: params.update(other=params["quickstart"]))(without_data)
    with pytest.raises(UserError, match=r"^dvc\.yaml lists no recipe 'other'"):
        require_fresh_lock(without_data.folder, "other")


def test_make(without_data: Project) -> None:
    """Without RECIPE it is about all recipes in dvc.lock; one that never ran is asked for by name."""
    project = without_data
    params = {name: tiny_params()["quickstart"] for name in ("quickstart", "other", "idle")}
    project.write_params(params)
    lock = project.folder / "dvc.lock"
    of_other = yaml.safe_load(lock.read_text().replace("quickstart", "other"))["stages"]
    edit("dvc.lock", lambda content: content["stages"].update(of_other))(project)
    (project.folder / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    (project.folder / ".venv").symlink_to(Path(ROOT / ".venv"))
    make = ("make", "--old-file=.venv/runtime", "stale")

    result = project.run(*make)
    assert (result.returncode, result.stdout) == (0, "dvc.lock is up to date: other, quickstart\n"), result.stderr
    result = project.run(*make, "RECIPE=idle")
    assert result.returncode != 0
    assert "octet: dvc.lock has no entry of recipe 'idle': run `make reproduce RECIPE=idle`" in result.stderr

    params["other"]["train_float"]["seed"] = 99
    project.write_params(params)
    result = project.run(*make)
    assert result.returncode != 0
    assert "  train_float@other: other.train_float (modified)\n" in result.stderr
    assert "\nrun `make reproduce RECIPE=other`" in result.stderr
    assert "Traceback" not in result.stderr
    assert project.run(*make, "RECIPE=quickstart").stdout == "dvc.lock is up to date: quickstart\n"
