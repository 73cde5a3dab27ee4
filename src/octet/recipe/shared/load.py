"""A recipe from params.yaml; what is wrong with it is said before anything runs."""

from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from octet.common.errors import UserError
from octet.recipe.shared.recipe import Recipe

PARAMS = Path("params.yaml")


def load_recipe(name: str, params: Path = PARAMS) -> Recipe:
    """The recipe of that name, or a UserError that says what is wrong with it."""
    sections = _read(params)
    if name not in sections:
        raise UserError(f"{params}: no recipe {name!r}; there are: {', '.join(map(str, sections))}")
    section = sections[name]
    if not isinstance(section, dict):
        raise UserError(f"{params}: {name}: found {section!r}, expected a section with {', '.join(_keys(Recipe))}")
    if "name" in section:
        raise UserError(f"{params}: {name}.name: no such key; a recipe's name is that of its section")
    kind = _recipe_of_task(section.get("task"), f"{params}: {name}.task")
    try:
        return kind.model_validate({**section, "name": name})
    except ValidationError as error:
        lines = [f"{params}: {_explain(name, problem, kind)}" for problem in error.errors()]
        raise UserError("\n".join(lines)) from None


def _recipe_of_task(task: object, where: str) -> type[Recipe]:
    """The class of a task's recipes: each has a file beside this folder."""
    tasks = sorted(file.stem for file in Path(__file__).parents[1].glob("[!_]*.py"))
    if task not in tasks:
        found = "is missing" if task is None else f"found {task!r}"
        raise UserError(f"{where}: {found}; expected one of {', '.join(tasks)}")
    kind: type[Recipe] = import_module(f"octet.recipe.{task}").Recipe
    return kind


def _read(params: Path) -> dict[str, Any]:
    try:
        sections = yaml.safe_load(params.read_bytes())
    except FileNotFoundError:
        raise UserError(f"{params} is not here: run from the top of the repository") from None
    except yaml.YAMLError as error:
        raise UserError(f"{params}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(sections, dict):
        raise UserError(f"{params}: expected one section a recipe, found {sections!r}")
    return sections


def _explain(recipe: str, problem: Any, kind: type[Recipe]) -> str:
    """One line: the key, what was found, what is allowed."""
    path, section = _walk(problem["loc"], kind)
    where = ".".join([recipe, *path])
    if problem["type"] == "extra_forbidden":
        allowed = _keys(section)
        close = get_close_matches(path[-1], allowed, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"allowed: {', '.join(sorted(allowed))}"
        return f"{where}: no such key; {hint}"
    if problem["type"] == "missing":
        return f"{where}: is missing; every key must be given"
    if problem["type"] == "union_tag_not_found":
        return f"{where}.kind: is missing; every key must be given"
    if problem["type"] == "union_tag_invalid":
        return f"{where}.kind: found {problem['ctx']['tag']!r}; expected one of {problem['ctx']['expected_tags']}"
    found = "" if isinstance(problem["input"], dict) else f"found {problem['input']!r}; "
    message = problem["msg"].removeprefix("Value error, ")
    return f"{where}: {found}{message[0].lower()}{message[1:]}"


def _walk(location: Sequence[str | int], kind: type[Recipe]) -> tuple[list[str], type[BaseModel]]:
    """The keys on the way to a problem, without the kinds that pydantic puts among them, and the section it lies in."""
    keys: list[str] = []
    sections: list[type[BaseModel]] = [kind]
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
    """The sections that a field's type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [section for part in get_args(annotation) for section in _sections_in(part)]


def _keys(section: type[BaseModel]) -> list[str]:
    return [key for key in section.model_fields if key != "name" or not issubclass(section, Recipe)]
