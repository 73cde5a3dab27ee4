"""The start of every stage script: it takes a recipe's name on the command line and reports mistakes in one line."""

import argparse
from collections.abc import Callable
from typing import Any

from octet.common.errors import report_user_errors
from octet.recipe.shared.load import load_recipe


def run(main: Callable[[Any], None], usage: str | None) -> None:
    """Run `main` with the recipe that the command line names; `usage` is the help text of the script."""
    parser = argparse.ArgumentParser(description=usage, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", help="a section of params.yaml")
    name = parser.parse_args().recipe
    with report_user_errors(stopped="stopped; the same command goes on from here"):
        main(load_recipe(name))
