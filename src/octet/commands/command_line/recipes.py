"""Which recipe a command is about: the one that the user names or, where none is named, the only one with results."""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from octet.common.errors import UserError
from octet.recipe.shared.load import load_recipe, require_params
from octet.recipe.shared.recipe import Recipe


@dataclass(frozen=True)
class RecipeResults:
    """A file or folder that a stage makes for every recipe, and without which a command cannot work."""

    path: str  # in the project; {recipe} stands for a recipe's name, {shipped_file} for its file's
    stage: str

    def of_recipe(self, recipe: Recipe) -> Path:
        """Where a recipe has them."""
        return Path(self.path.format(recipe=recipe.name, shipped_file=recipe.shipped_file))

    def recipes(self) -> list[str]:
        """The names of the recipes that have them."""
        position = Path(self.path).parts.index("{recipe}")
        pattern = self.path.format(recipe="*", shipped_file="*_uint8.tflite")
        return sorted(path.parts[position] for path in Path().glob(pattern))


RECORDS = RecipeResults("data/{recipe}/records", "preprocess")
SHIPPED_FILE = RecipeResults("models/{recipe}/{shipped_file}", "convert")
EVALUATION = RecipeResults("reports/{recipe}/evaluation.json", "score")


def add_recipe(parser: argparse.ArgumentParser) -> None:
    """Let the command take the name of a recipe, which has to be given."""
    parser.add_argument("recipe", metavar="RECIPE", help="a section of params.yaml")


def add_recipe_with_results(parser: argparse.ArgumentParser) -> None:
    """Let the command take the name of a recipe, which may be left out where only one has results."""
    parser.add_argument(
        "recipe", metavar="RECIPE", nargs="?", help="a section of params.yaml (default: the only one with results)"
    )


def recipe_with_results(name: str | None, results: RecipeResults) -> Recipe:
    """The recipe of that name, or the only recipe that has these results; an error where they are missing."""
    if name is None:
        name = _only_recipe_with(results)
        print(f"octet: taking {name}, the only recipe with results here", file=sys.stderr, flush=True)
    recipe = load_recipe(name)
    path = results.of_recipe(recipe)
    if not path.exists():
        others = f"; there are results of {', '.join(names)}" if (names := results.recipes()) else ""
        raise UserError(f"{path} is missing: run `dvc repro {results.stage}@{name}` first (it makes it){others}")
    return recipe


def _only_recipe_with(results: RecipeResults) -> str:
    require_params()
    names = results.recipes()
    if not names:
        raise UserError("there are no results here: run `make quickstart`, or `make reproduce RECIPE=...`, first")
    if len(names) > 1:
        raise UserError(f"there are results of {', '.join(names)}: name one of these recipes (with make: RECIPE=...)")
    return names[0]
