"""Editing a parameter makes stale what reads it, as DVC sees it, and nothing else."""

import copy
from typing import Any

import pytest
from dvc.repo import Repo

from conftest import Project, tiny_params

pytestmark = pytest.mark.xdist_group("reproduced")

TRAININGS = {"train_float", "train_qat", "train_control"}
NAMES_ITS_RECIPE = {"convert", "report"}  # in what they write
READS_MODEL = TRAININGS | {"convert", "layers", "evaluate", "report"}
# The longest prefix that fits a parameter says which stages read it.
EXPECTED = {
    "dataset.source": NAMES_ITS_RECIPE | {"fetch"},
    "dataset.splits": NAMES_ITS_RECIPE | {"preprocess"},
    "dataset.classes": NAMES_ITS_RECIPE | {"preprocess"},
    "dataset.on_bad": NAMES_ITS_RECIPE | {"preprocess"},
    "dataset.pretrained": NAMES_ITS_RECIPE | {"fetch"},
    "dataset.shards": NAMES_ITS_RECIPE | {"preprocess"},
    "model": READS_MODEL,
    "train_float": NAMES_ITS_RECIPE | {"train_float"},
    "train_qat": NAMES_ITS_RECIPE | {"train_qat", "train_control"},
    "train_qat.float_layers": NAMES_ITS_RECIPE | {"train_qat", "train_control", "layers", "evaluate"},
    "convert": NAMES_ITS_RECIPE,
    "convert.suppression": NAMES_ITS_RECIPE | {"evaluate"},
    "layers": {"layers"},
    "evaluate": {"evaluate"},
    "report": {"report"},
}


def leaves(section: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The path of every parameter."""
    found: list[tuple[str, ...]] = []
    for key, value in section.items():
        found += leaves(value, (*path, key)) if isinstance(value, dict) else [(*path, key)]
    return found


def edited(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, list):
        return value[:-1] if len(value) > 1 else [*value, "other"]
    return "other" if isinstance(value, str) or value is None else value + 1


def expected(path: tuple[str, ...]) -> set[str]:
    prefixes = [".".join(path[:length]) for length in range(len(path), 0, -1)]
    return next(EXPECTED[prefix] for prefix in prefixes if prefix in EXPECTED)


@pytest.fixture
def two_recipes(reproduced: Project) -> Any:
    """The reproduced project with a second recipe, of which nothing has run."""
    before = reproduced.bytes_of("params.yaml", "dvc.yaml")
    params = {**tiny_params(), "other": tiny_params()["quickstart"]}
    reproduced.write_params(params)
    yield reproduced
    for name, content in before.items():
        (reproduced.folder / name).write_bytes(content)


def stale(project: Project) -> set[str]:
    """The stages of `quickstart` whose own inputs changed."""
    with Repo(str(project.folder)) as repo:
        names = [address.rpartition(":")[2] for address in repo.status()]
    return {name.removesuffix("@quickstart") for name in names if name.endswith("@quickstart")}


def test_nothing_is_stale_after_a_run(two_recipes: Project) -> None:
    assert stale(two_recipes) == set()


def test_every_parameter(two_recipes: Project) -> None:
    params = {**tiny_params(), "other": tiny_params()["quickstart"]}
    for path in leaves(params["quickstart"]):
        changed = copy.deepcopy(params)
        section = changed["quickstart"]
        for part in path[:-1]:
            section = section[part]
        section[path[-1]] = edited(section[path[-1]])
        two_recipes.write_params(changed)
        assert (path, stale(two_recipes)) == (path, expected(path))


def test_another_recipe_is_another_matter(two_recipes: Project) -> None:
    """Every parameter of the other recipe changes at once, and none of it concerns this one."""
    other = copy.deepcopy(tiny_params()["quickstart"])
    for path in leaves(other):
        section = other
        for part in path[:-1]:
            section = section[part]
        section[path[-1]] = edited(section[path[-1]])
    two_recipes.write_params({**tiny_params(), "other": other})
    assert stale(two_recipes) == set()


def test_a_comment_makes_nothing_stale(two_recipes: Project) -> None:
    file = two_recipes.folder / "params.yaml"
    file.write_text("# A comment.\n" + file.read_text().replace("\n", "  # another\n", 1))
    assert stale(two_recipes) == set()
