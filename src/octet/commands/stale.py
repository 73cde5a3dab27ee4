"""Check whether dvc.lock fits the code, the parameters and the pipeline, in a clone with data and without.

Reads:  dvc.lock, dvc.yaml, params.yaml and the code; for what lies in data/, models/ and reports/ ask `dvc status`
Usage:  octet stale [RECIPE]; without one, every recipe that dvc.lock knows (exit code 0: it fits, 1: it does not)
"""

import argparse
from pathlib import Path

from octet.commands.command_line.command import run_command
from octet.recipe.shared.load import load_recipe


def main(options: argparse.Namespace) -> None:
    if options.recipe:
        load_recipe(options.recipe)

    from octet.commands.reproduction.staleness import require_fresh_lock

    recipes = require_fresh_lock(Path(), options.recipe)
    print(f"dvc.lock is up to date: {', '.join(recipes)}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", metavar="RECIPE", nargs="?", help="a section of params.yaml (default: all)")


def run() -> None:
    run_command(main, __doc__, add_arguments)
