"""How every stage script starts: the recipe's name on the command line, and one clear line when something is wrong."""

import argparse
from collections.abc import Callable
from typing import Any

from octet.common.errors import report_user_errors
from octet.recipe.shared.load import load_recipe


def run(main: Callable[[Any], None], usage: str | None) -> None:
    """Run `main` with the recipe that the command line names."""
    parser = argparse.ArgumentParser(description=usage, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", help="a section of params.yaml")
    name = parser.parse_args().recipe
    with report_user_errors(stopped="stopped; the same command goes on from here"):
        main(load_recipe(name))
