"""What dvc.yaml declares for a stage besides data: its code and its parameters.

DVC reads them when the stage has run, and writes into dvc.lock that they made its outputs.
"""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from octet.common.errors import UserError
from octet.common.files import sha256_of
from octet.common.untrusted_yaml import load_yaml
from octet.recipe.shared.load import PARAMS, read_sections
from octet.recipe.shared.recipe import Recipe

PIPELINE = Path("dvc.yaml")


def require_in_pipeline(recipe: Recipe) -> None:
    """Refuse a recipe that dvc.yaml does not list, or lists with another task: with that go other code and outputs."""
    recipes, _ = _read_pipeline()
    if recipe.name not in recipes:
        raise UserError(
            f"{PIPELINE} lists no recipe {recipe.name!r} under `vars`; there are: {', '.join(map(str, recipes))}"
        )
    entry = recipes[recipe.name]
    listed = entry.get("task") if isinstance(entry, dict) else entry
    if listed != recipe.task:
        raise UserError(
            f"{PIPELINE}: vars: recipes: {recipe.name}: found the task {listed}, expected {recipe.task}, which it has "
            f"in {PARAMS}: take the line of a recipe of that task"
        )


def fingerprints(stage: str, recipe: str) -> dict[str, str]:
    """Each declared parameter and file of code with what it holds now; none where dvc.yaml has no such stage."""
    recipes, stages = _read_pipeline()
    if recipe not in recipes or stage not in stages:
        return {}
    names = {"key": recipe, **{f"item.{name}": value for name, value in recipes[recipe].items()}}
    declared = {kind: [_fill_in(text, names) for text in stages[stage]["do"][kind]] for kind in ("params", "deps")}
    sections = read_sections()
    values = {f"{PARAMS}: {key}": json.dumps(_value(sections, key), default=str) for key in declared["params"]}
    files = [file for dep in declared["deps"] if not _is_data(dep) for file in _files(Path(dep))]
    return values | {str(file): sha256_of(file) for file in files}


def _read_pipeline() -> tuple[dict[str, dict[str, str]], dict[str, Any]]:
    """The recipes of dvc.yaml and its stages; neither where a script is run without it."""
    try:
        pipeline = load_yaml(PIPELINE.read_bytes())
        return pipeline["vars"][0]["recipes"], pipeline["stages"]
    except FileNotFoundError:
        return {}, {}
    except yaml.YAMLError as error:
        raise UserError(f"{PIPELINE}: not valid YAML: {' '.join(str(error).split())}") from None
    except (LookupError, TypeError):
        raise UserError(f"{PIPELINE}: expected `recipes` as the first of `vars`, and `stages`") from None


def _fill_in(text: str, names: dict[str, str]) -> str:
    return re.sub(r"\$\{(.+?)\}", lambda place: names.get(place[1], place[0]), text)


def _is_data(dep: str) -> bool:
    return dep.startswith(("data/", "models/", "reports/"))


def _files(dep: Path) -> list[Path]:
    if dep.is_dir():
        return [file for file in sorted(dep.rglob("*")) if file.is_file() and "__pycache__" not in file.parts]
    return [dep] if dep.is_file() else []


def _value(sections: dict[str, Any], key: str) -> Any:
    value: Any = sections
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
