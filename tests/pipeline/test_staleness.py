"""An edited parameter makes stale what reads it, an edited file what runs it, as DVC sees it, and nothing else."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.repo import Repo

from conftest import ROOT, Project, tiny_params

TRAININGS = {"train_float", "train_qat", "train_control"}
NAMES_ITS_RECIPE = {"convert", "report"}  # in what they write
NETWORK = TRAININGS | {"convert", "layers", "evaluate"}
ALL = NETWORK | {"fetch", "preprocess", "score", "report"}
# The longest prefix that fits a parameter says which stages read it.
PARAMETERS: dict[str, set[str]] = {
    "task": set(),
    "dataset.source": NAMES_ITS_RECIPE | {"fetch"},
    "dataset.splits": NAMES_ITS_RECIPE | {"preprocess"},
    "dataset.classes": NAMES_ITS_RECIPE | {"preprocess"},
    "dataset.on_bad": NAMES_ITS_RECIPE | {"preprocess"},
    "dataset.pretrained": NAMES_ITS_RECIPE | {"fetch"},
    "dataset.shards": NAMES_ITS_RECIPE | {"preprocess"},
    "model": NETWORK | {"report"},
    "train_float": NAMES_ITS_RECIPE | {"train_float"},
    "train_qat": NAMES_ITS_RECIPE | {"train_qat", "train_control"},
    "train_qat.float_layers": NAMES_ITS_RECIPE | {"train_qat", "train_control", "layers", "evaluate"},
    "convert": NAMES_ITS_RECIPE,
    "layers": {"layers"},
    "score": {"score"},
    "report": {"report"},
    "devices": set(),
}
# What a change in a folder of src/octet makes stale by itself; what follows depends on what comes out.
CODE: dict[str, set[str]] = {
    "backbones": NETWORK,
    "commands": set(),
    "common": ALL,
    "data/augmentation": TRAININGS,
    "data/reading": NETWORK | {"score", "report"},
    "data/writing": {"preprocess"},
    "devices": set(),
    "fetching": {"fetch"},
    "measuring": {"score", "report"},
    "quantization": NETWORK - {"train_float"},
    "recipe/shared": ALL,
    "reporting": {"report"},
    "sources/packing": {"fetch"},
    "sources/reading": {"preprocess"},
    "sources/voc": {"fetch", "preprocess"},
    "tasks/classification/learning": TRAININGS,
    "tasks/classification/metric": TRAININGS | {"evaluate", "score", "report"},
    "tasks/classification/network": NETWORK,
    "tasks/classification/predicting": {"evaluate"},
    "tasks/classification/preparing": {"preprocess"},
    "tasks/classification/proposing": set(),
    "tasks/classification/scoring": {"score"},
    "tasks/classification/shipping": {"convert"},
    "tasks/classification/showing": {"report"},
    "tasks/classification/using": set(),
    "tasks/detection/learning": TRAININGS,
    "tasks/detection/metric": TRAININGS | {"evaluate", "score", "report"},
    "tasks/detection/network": NETWORK,
    "tasks/detection/predicting": {"evaluate"},
    "tasks/detection/preparing": {"preprocess"},
    "tasks/detection/proposing": set(),
    "tasks/detection/scoring": {"score"},
    "tasks/detection/shipping": {"convert"},
    "tasks/detection/showing": {"report"},
    "tasks/detection/using": set(),
    "tflite/comparing": {"layers"},
    "tflite/files": {"convert"},
    "tflite/cutting": set(),
    "tflite/opening": set(),
    "devices/scripts": set(),
    "tflite/running": {"layers", "evaluate", "score"},
    "training": TRAININGS,
}
SECOND = "voc2007_small"  # of another shape: archives to download, pre-trained weights, three strides
CLASSIFIER = "flowers_small"
RECIPES = {"quickstart": "detection", SECOND: "detection", CLASSIFIER: "classification"}  # with their tasks


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Recipes in whose outputs' places something lies, with the dvc.lock that DVC writes for that."""
    project = Project.new(tmp_path_factory.mktemp("locked"))
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    project.write_params({**tiny_params(), SECOND: params[SECOND], CLASSIFIER: params[CLASSIFIER]})
    project.set_up_dvc()
    with Repo(str(project.folder)) as repo:
        for out in repo.index.outs:
            place = Path(out.fs_path)
            place.parent.mkdir(parents=True, exist_ok=True)
            if place.suffix:
                place.write_text("made\n")
            else:
                place.mkdir()
                (place / "made").write_text("made\n")
    result = project.run("dvc", "commit", "--force")
    assert result.returncode == 0, result.stderr
    assert stale(project) == set()
    return project


@pytest.fixture(scope="module")
def read_paths(locked: Project) -> dict[str, set[Path]]:
    """The files and folders that each stage depends on."""
    with Repo(str(locked.folder)) as repo:
        return {
            stage.name: {Path(dep.fs_path).relative_to(locked.folder) for dep in stage.deps}
            for stage in repo.index.stages
        }


def stale(project: Project) -> set[str]:
    """The stages whose own inputs changed."""
    with Repo(str(project.folder)) as repo:
        return {address.rpartition(":")[2] for address in repo.status()}


def first_file(project: Path, folder: str) -> Path:
    """A file of code in a folder of src/octet."""
    return min((project / "src" / "octet" / folder).glob("[!_]*.py"))


def stages_of(folder: str) -> set[str]:
    """The stages that the table names for a folder, of the recipes whose task runs it."""
    concerned = [recipe for recipe, task in RECIPES.items() if not folder.startswith("tasks/") or task in folder]
    return {f"{stage}@{recipe}" for stage, recipe in itertools.product(CODE[folder], concerned)}


def leaves(section: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every parameter."""
    for key, value in section.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key)


def edited(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, list):
        return value[:-1] if len(value) > 1 else [*value, "other"]
    return "other" if isinstance(value, str) or value is None else value + 1


def expected(path: tuple[str, ...]) -> set[str]:
    prefixes = [".".join(path[:length]) for length in range(len(path), 0, -1)]
    return next(PARAMETERS[prefix] for prefix in prefixes if prefix in PARAMETERS)


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_parameter_is_read_by_the_stages_of_the_table(locked: Project, recipe: str) -> None:
    """By the keys that DVC resolves for each stage."""
    params = yaml.safe_load((locked.folder / "params.yaml").read_text())
    with Repo(str(locked.folder)) as repo:
        keys = {
            stage.name: {key for dep in stage.deps for key in getattr(dep, "params", ())} for stage in repo.index.stages
        }
    for path in leaves(params[recipe]):
        prefixes = {".".join((recipe, *path[:length])) for length in range(len(path) + 1)}
        readers = {stage for stage, read in keys.items() if prefixes & read}
        assert (path, readers) == (path, {f"{stage}@{recipe}" for stage in expected(path)})


@pytest.mark.parametrize("folder", CODE)
def test_every_folder_of_code_is_run_by_the_stages_of_the_table(read_paths: dict[str, set[Path]], folder: str) -> None:
    """By the paths that DVC resolves for each stage."""
    file = first_file(ROOT, folder).relative_to(ROOT)
    concerned = {stage for stage, paths in read_paths.items() if {file, *file.parents} & paths}
    assert concerned == stages_of(folder)


@pytest.mark.parametrize("prefix", ["dataset.source", "train_qat.float_layers", "devices"])
def test_dvc_reruns_those_stages(locked: Project, prefix: str) -> None:
    """Edited in one recipe, the first parameter below a prefix concerns no stage of the other."""
    file = locked.folder / "params.yaml"
    before = file.read_text()
    params = yaml.safe_load(before)
    section = params["quickstart"]
    path = next(path for path in leaves(section) if ".".join(path).startswith(prefix))
    for part in path[:-1]:
        section = section[part]
    section[path[-1]] = edited(section[path[-1]])
    try:
        file.write_text("# A comment makes nothing stale.\n" + yaml.safe_dump(params, sort_keys=False))
        assert stale(locked) == {f"{stage}@quickstart" for stage in expected(path)}
    finally:
        file.write_text(before)


@pytest.mark.parametrize("folder", ["common", "tasks/detection/learning", "commands"])
def test_a_change_of_code_makes_stale_what_runs_it(locked: Project, folder: str) -> None:
    file = first_file(locked.folder, folder)
    before = file.read_text()
    try:
        file.write_text(before + "# A comment.\n")
        assert stale(locked) == stages_of(folder)
    finally:
        file.write_text(before)


def test_every_folder_of_code_is_in_the_table() -> None:
    code = ROOT / "src" / "octet"
    folders = {file.parent.relative_to(code) for file in code.rglob("[!_]*.py")}
    of_commands = {folder for folder in folders if folder.parts[:1] == ("commands",)} - {Path("commands")}
    assert {str(of) for of in folders - of_commands} == {*CODE, "recipe", "tasks"}


def test_what_python_compiles_is_no_code(locked: Project) -> None:
    cache = locked.folder / "src" / "octet" / "common" / "__pycache__"
    cache.mkdir(exist_ok=True)
    try:
        (cache / "errors.cpython-311.pyc").write_bytes(b"compiled")
        assert stale(locked) == set()
    finally:
        (cache / "errors.cpython-311.pyc").unlink()
        cache.rmdir()


def test_another_tasks_recipe_is_another_matter(locked: Project) -> None:
    """A task's class of recipes is a file of its own: what it says concerns no other task."""
    other = locked.folder / "src" / "octet" / "recipe" / "other.py"
    try:
        other.write_text('"""What another task\'s recipes say."""\n')
        assert stale(locked) == set()
    finally:
        other.unlink()


def test_a_tasks_recipe_concerns_all_its_stages(locked: Project) -> None:
    file = locked.folder / "src" / "octet" / "recipe" / "detection.py"
    before = file.read_text()
    try:
        file.write_text(before + "# A new key.\n")
        assert stale(locked) == {f"{stage}@{recipe}" for stage in ALL for recipe in ("quickstart", SECOND)}
    finally:
        file.write_text(before)


def test_what_follows_reruns_only_where_records_changed(reproduced: Project, tmp_path: Path) -> None:
    """A change of the code that reads archives makes the same records, and DVC goes no further."""
    project = reproduced.copy(tmp_path / "project")
    with (project.folder / "src/octet/sources/reading/check.py").open("a") as code:
        code.write("# A comment.\n")
    result = project.run("dvc", "repro", "report@quickstart")
    assert result.returncode == 0, result.stderr
    ran = [line for line in result.stdout.splitlines() if line.startswith("Running stage")]
    assert ran == ["Running stage 'preprocess@quickstart':"]
