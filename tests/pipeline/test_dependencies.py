"""dvc.yaml declares for each stage the folders that its code lies in, and no others."""

from pathlib import PurePosixPath

import pytest
import yaml

from conftest import ROOT
from octet.recipe.shared.load import load_recipe
from pipeline.imports import SRC, closure

PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text())
STAGES = PIPELINE["stages"]
RECIPES: dict[str, dict[str, str]] = PIPELINE["vars"][0]["recipes"]
TASKS = sorted({recipe["task"] for recipe in RECIPES.values()})


def declared(stage: str, task: str) -> list[str]:
    """The code that a stage depends on for a task: files and folders."""
    deps = (dep.replace("${item.task}", task) for dep in STAGES[stage]["do"]["deps"])
    return [dep for dep in deps if dep.startswith("src/")]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("stage", STAGES)
def test_every_import_lies_in_a_declared_folder_and_none_is_unused(stage: str, task: str) -> None:
    imported, deps = closure(SRC / f"{stage}.py", task), declared(stage, task)
    homes = {file: [dep for dep in deps if PurePosixPath(file).is_relative_to(dep)] for file in imported}
    assert [file for file, found in homes.items() if len(found) != 1] == []
    assert {dep for found in homes.values() for dep in found} == set(deps)


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_depends_on_its_locks_and_says_what_it_does(stage: str) -> None:
    deps = STAGES[stage]["do"]["deps"]
    assert "requirements/runtime.txt" in deps
    assert ("requirements/cuda.txt" in deps) == stage.startswith("train_")  # what uses a GPU
    assert STAGES[stage]["do"]["desc"]


def test_the_pipeline_is_short_and_lists_no_modules() -> None:
    assert len((ROOT / "dvc.yaml").read_text().splitlines()) <= 330
    files = {dep for stage in STAGES.values() for dep in stage["do"]["deps"] if dep.endswith(".py")}
    every = {"src/octet/__init__.py", "src/octet/recipe/${item.task}.py", "src/octet/tasks/registry.py"}
    assert files == {f"src/{stage}.py" for stage in STAGES} | every


def test_the_pipelines_recipes_are_those_of_params_yaml_with_their_tasks() -> None:
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    assert {name: of["task"] for name, of in RECIPES.items()} == {name: of["task"] for name, of in params.items()}


def test_what_the_pipeline_says_of_a_task_is_what_its_recipes_say() -> None:
    for name, of in RECIPES.items():
        recipe = load_recipe(name, ROOT / "params.yaml")
        assert (f"{of['model']}_uint8.tflite", of["outputs"]) == (recipe.shipped_file, recipe.outputs_folder)


def test_the_closure_sees_what_python_imports() -> None:
    assert "src/octet/sources/packing/shapes.py" in closure(SRC / "fetch.py", "detection")
    assert "src/octet/data/writing/records.py" not in closure(SRC / "fetch.py", "detection")
    training = closure(SRC / "train_float.py", "detection")
    assert {"src/octet/common/tensorflow.py", "src/octet/tasks/detection/learning/loss.py"} <= training
    assert "src/octet/tasks/protocol.py" not in training  # which is there for type checkers
