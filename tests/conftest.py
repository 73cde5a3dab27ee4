"""Shared by all tests: a tiny recipe, and copies of the project in which its stages are run."""

import copy
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from filelock import FileLock

from octet.recipe.detection import Recipe
from octet.recipe.shared.load import load_recipe

ROOT = Path(__file__).resolve().parents[1]
PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text())
STAGES = tuple(PIPELINE["stages"])  # in the order in which they run
OF_TASK = {of["task"]: of for of in PIPELINE["vars"][0]["recipes"].values()}  # what dvc.yaml says of a recipe
REPRODUCED = ("reproduced", "classified")  # fixtures: projects that all tests share
CLASSIFIER = "quickstart_classifier"
IN_ONE: dict[str, Any] = {"micro_batches": 1, "at_once": 1}  # a graph of two halves takes twice as long to make

# A shell's background job and nohup hand these down ignored, and so would the tests to what they start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def tiny_params() -> dict[str, Any]:
    """Read params.yaml, reduced to a `quickstart` that trains in seconds: the same keys, smaller numbers."""
    params: dict[str, Any] = yaml.safe_load((ROOT / "params.yaml").read_text())
    recipe = copy.deepcopy(params["quickstart"])
    recipe["dataset"]["source"].update(pictures={"train": 24, "val": 4, "test": 6}, side=96)
    recipe["model"].update(input_size=64, batch_norm_momentum=0.5)  # the statistics come from only eighteen steps
    # The best on four pictures may be the first epoch, whose batch norm has seen three steps.
    recipe["train_float"].update(epochs=6, batch=8, validate_every=1, ema_decay=0.5, keep="last", **IN_ONE)
    recipe["train_qat"].update(epochs=2, batch=8, ema_decay=0.5, calibration_batches=2, **IN_ONE)
    recipe["convert"]["calibration_pictures"] = 4
    recipe["model"]["suppression"]["score_threshold"] = 0.001  # after so little training, all scores are low
    recipe["score"]["bootstrap"] = 20
    recipe["report"]["pictures"] = 2
    return {"quickstart": recipe}


def detection_recipe(params: Path = ROOT / "params.yaml") -> Recipe:
    """Load the recipe `quickstart` from params.yaml."""
    recipe = load_recipe("quickstart", params)
    assert isinstance(recipe, Recipe)
    return recipe


class Project:
    """A working copy of the project with the tiny recipe under the name `quickstart`."""

    environment: ClassVar[dict[str, str]] = {}

    def __init__(self, folder: Path) -> None:
        """Use the working copy that exists in this folder."""
        self.folder = folder

    @classmethod
    def new(cls, folder: Path) -> "Project":
        """Make a new working copy in this folder."""
        project = cls(folder)
        for name in ("src", "requirements", "tools"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("dvc.yaml", ".dvcignore", ".gitignore"):
            shutil.copy(ROOT / name, folder / name)
        project.write_params(tiny_params())
        return project

    def copy(self, folder: Path) -> "Project":
        """Copy this working copy, with its results and caches, to another folder."""
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        return Project(folder)

    def write_params(self, params: dict[str, Any]) -> None:
        """Write params.yaml, and list its recipes in dvc.yaml."""
        (self.folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
        pipeline = self.folder / "dvc.yaml"
        recipes = "".join(
            f"\n      {name}: {yaml.safe_dump(OF_TASK[section['task']], default_flow_style=True, width=9999).strip()}"
            for name, section in params.items()
        )
        pipeline.write_text(
            re.sub(r"(?<=- recipes:).*?(?=\n\nstages)", recipes, pipeline.read_text(), count=1, flags=re.DOTALL)
        )

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command in the project."""
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **self.environment}
        return subprocess.Popen(
            command, cwd=self.folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the project, and wait until it ends."""
        process = self.start(*command)
        out, err = process.communicate()
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    def stage(self, name: str, recipe: str = "quickstart") -> subprocess.CompletedProcess[str]:
        """Run a stage script without DVC."""
        return self.run(sys.executable, f"src/{name}.py", recipe)

    def octet(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of Octet with these arguments."""
        return self.run(sys.executable, "src/octet", *words)

    def set_up_dvc(self) -> None:
        """Make the project a repository of git and DVC."""
        for command in (["git", "init", "-q"], ["dvc", "init", "-q"]):
            assert self.run(*command).returncode == 0
        shutil.copy(ROOT / ".dvc" / "config", self.folder / ".dvc" / "config")
        shutil.copytree(ROOT / ".dvc" / "plots", self.folder / ".dvc" / "plots", dirs_exist_ok=True)

    def git(self, *arguments: str) -> None:
        """Run a git command with a name and an address for commits."""
        result = self.run("git", "-c", "user.name=somebody", "-c", "user.email=somebody@example.org", *arguments)
        assert result.returncode == 0, result.stderr

    def take(self, other: "Project", *paths: str) -> None:
        """Copy all files at or below the paths from another working copy."""
        for path, content in other.bytes_of(*paths).items():
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)

    def bytes_of(self, *paths: str) -> dict[str, bytes]:
        """Read all files at or below the paths; return their contents by relative path."""
        files = [file for path in paths for file in sorted((self.folder / path).rglob("*")) if file.is_file()]
        files += [self.folder / path for path in paths if (self.folder / path).is_file()]
        return {str(file.relative_to(self.folder)): file.read_bytes() for file in files}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run tests that need a reproduced project first: one worker makes it while the other runs other tests."""
    items.sort(key=lambda item: not {*REPRODUCED} & {*getattr(item, "fixturenames", ())})


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A new working copy of the project."""
    return Project.new(tmp_path)


def state_of(project: Project) -> dict[str, tuple[int, int]]:
    """Return size and time of every file that a test could change for later tests; runs/ may change."""
    ignored = {".git", ".dvc", "runs", "__pycache__"}
    return {
        str(file): (file.stat().st_size, file.stat().st_mtime_ns)
        for file in project.folder.rglob("*")
        if file.is_file() and not ignored & set(file.relative_to(project.folder).parts)
    }


@pytest.fixture(autouse=True)
def reproduced_stays_unchanged(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that changes a reproduced project, instead of the tests that run after it."""
    projects = [request.getfixturevalue(name) for name in REPRODUCED if name in request.fixturenames]
    before = list(map(state_of, projects))
    yield
    assert list(map(state_of, projects)) == before


@pytest.fixture(scope="session")
def reproduced(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A working copy in which DVC has run the complete tiny pipeline; tests read it and must not change it."""
    return _reproduce(tmp_path_factory, "reproduced", tiny_params())


@pytest.fixture(scope="session")
def classified(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A working copy in which DVC has run `quickstart_classifier` as it stands; tests must not change it either.

    It shares the clone's cache: whoever runs the same there, or has, does not wait for it twice.
    """
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    return _reproduce(tmp_path_factory, "classified", {CLASSIFIER: params[CLASSIFIER]}, ROOT / ".dvc" / "cache")


def _reproduce(
    tmp_path_factory: pytest.TempPathFactory, name: str, params: dict[str, Any], cache: Path | None = None
) -> Project:
    """Run the pipeline of these recipes in a folder that all workers share, or wait until another one has."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            partial = folder.with_name(f"{name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            project = Project.new(partial)
            project.write_params(params)
            project.set_up_dvc()
            if cache:
                assert project.run("dvc", "config", "--local", "cache.dir", str(cache)).returncode == 0
            result = project.run("dvc", "repro")
            assert result.returncode == 0, result.stdout + result.stderr
            partial.rename(folder)
    return Project(folder)
