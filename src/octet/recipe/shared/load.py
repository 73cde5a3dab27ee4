"""Load a recipe from params.yaml; its mistakes are reported before anything runs."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from reprlib import Repr
from textwrap import shorten
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from octet.common.errors import UserError
from octet.common.untrusted_yaml import load_yaml
from octet.recipe.shared.recipe import Recipe

PARAMS = Path("params.yaml")

_LARGEST = 1 << 20  # bytes of params.yaml
_NAMES_OF_DVC = {"recipes", "item", "key"}  # the variables of its loops, with which params.yaml's sections mix
_MOST = 20  # mistakes that are listed
_values = Repr()
_values.maxstring = _values.maxother = 200


def load_recipe(name: str, params: Path = PARAMS) -> Recipe:
    """Load the recipe `name` from the file `params`; a UserError lists the mistakes in it."""
    require_recipe_name(name)
    sections = read_sections(params)
    if name not in sections:
        known = shorten(", ".join(map(str, sections)), 500, placeholder=" ...")
        raise UserError(f"{params}: no recipe {name!r}; there are: {known}")
    section = sections[name]
    if not isinstance(section, dict):
        raise UserError(
            f"{params}: {name}: found {_values.repr(section)}, expected a section with {', '.join(_keys(Recipe))}"
        )
    if "name" in section:
        raise UserError(f"{params}: {name}.name: no such key; the name of a recipe is the name of its section")
    recipe_class = _recipe_class(section.get("task"), f"{params}: {name}.task")
    try:
        return recipe_class.model_validate({**section, "name": name})
    except ValidationError as error:
        raise UserError(describe(error, f"{params}: {name}", recipe_class)) from None


def describe(error: ValidationError, place: str, section: type[BaseModel]) -> str:
    """What is wrong with the keys of a section that stands at that place, a line for each; the first are enough."""
    problems = error.errors()
    lines = [_explain(place, problem, section) for problem in problems[:_MOST]]
    more = [f"and {len(problems) - _MOST} more"] if len(problems) > _MOST else []
    return "\n".join([*lines, *more])


def require_recipe_name(name: str) -> None:
    """Refuse what cannot be a recipe's name, which stands in paths and in the commands of stages."""
    if not re.fullmatch(r"[a-z]([a-z0-9_-]*[a-z0-9])?", name):
        raise UserError(
            f"recipe {_values.repr(name)}: expected small letters, digits, - and _, letter first, no sign last"
        )
    if name in _NAMES_OF_DVC:
        raise UserError(f"recipe {name!r}: dvc.yaml uses this name for something else: choose another")


def _recipe_class(task: object, key_path: str) -> type[Recipe]:
    """Import the class of a task's recipes, from the file named like the task in the folder above."""
    tasks = sorted(file.stem for file in Path(__file__).parents[1].glob("[!_]*.py"))
    if task not in tasks:
        found = "is missing" if task is None else f"found {_values.repr(task)}"
        raise UserError(f"{key_path}: {found}; expected one of {', '.join(tasks)}")
    recipe_class: type[Recipe] = import_module(f"octet.recipe.{task}").Recipe
    return recipe_class


def require_params(params: Path = PARAMS) -> None:
    """Refuse to work where there is no params.yaml."""
    if not params.exists():
        raise UserError(f"{params} does not exist here: run the command in the top folder of the repository")


def read_sections(params: Path = PARAMS) -> dict[str, Any]:
    """Read the sections of params.yaml as they stand there."""
    require_params(params)
    try:
        with params.open("rb") as file:
            sections = load_yaml(file.read(_LARGEST + 1), _LARGEST, numbers_as_in_dvc=True)
    except yaml.YAMLError as error:
        raise UserError(f"{params}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(sections, dict):
        raise UserError(f"{params}: expected one section per recipe, found {_values.repr(sections)}")
    return sections


def _explain(place: str, problem: Any, outer: type[BaseModel]) -> str:
    """Describe a validation error of pydantic in one line: the key, the value found, and what is allowed."""
    path, section = _locate(problem["loc"], outer)
    key_path = ".".join([place, *path])
    if problem["type"] == "extra_forbidden":
        allowed = _keys(section)
        close = get_close_matches(path[-1], allowed, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"allowed: {', '.join(sorted(allowed))}"
        return f"{key_path}: no such key; {hint}"
    if problem["type"] == "missing":
        return f"{key_path}: is missing; every key must be given"
    if problem["type"] == "union_tag_not_found":
        return f"{key_path}.kind: is missing; every key must be given"
    if problem["type"] == "union_tag_invalid":
        tag, expected = problem["ctx"]["tag"], problem["ctx"]["expected_tags"]
        return f"{key_path}.kind: found {_values.repr(tag)}; expected one of {expected}"
    found = "" if isinstance(problem["input"], dict) else f"found {_values.repr(problem['input'])}; "
    message = problem["msg"].removeprefix("Value error, ")
    return f"{key_path}: {found}{message[0].lower()}{message[1:]}"


def _locate(location: Sequence[str | int], outer: type[BaseModel]) -> tuple[list[str], type[BaseModel]]:
    """Return the keys that lead to a pydantic error, without the union tags in `location`, and the section it is in."""
    keys: list[str] = []
    sections: list[type[BaseModel]] = [outer]
    for part in map(str, location):
        if len(sections) > 1:
            sections = [section for section in sections if part in get_args(_type_of(section, "kind"))]
            continue
        keys.append(part)
        sections = _sections_in(_type_of(sections[0], part)) or sections
    return keys, sections[0]


def _type_of(section: type[BaseModel], key: str) -> Any:
    return section.model_fields[key].annotation if key in section.model_fields else None


def _sections_in(annotation: Any) -> list[type[BaseModel]]:
    """List the section classes that occur in the type of a field."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [section for part in get_args(annotation) for section in _sections_in(part)]


def _keys(section: type[BaseModel]) -> list[str]:
    """List the keys of a section; `name`, which a recipe takes from its section, is not one of a recipe."""
    return [key for key in section.model_fields if key != "name" or not issubclass(section, Recipe)]
