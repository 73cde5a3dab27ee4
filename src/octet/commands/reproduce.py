"""Run what is stale of a recipe's pipeline, with DVC, then say how it ended.

Usage:  octet reproduce RECIPE [flags of `dvc repro`]
"""

import argparse

from octet.commands.command_line.command import run_command
from octet.commands.command_line.recipes import add_recipe
from octet.recipe.shared.load import load_recipe


def main(options: argparse.Namespace) -> int | None:
    recipe = load_recipe(options.recipe)

    from octet.commands.reproduction.quiet import run_dvc

    if code := run_dvc(["repro", *options.flags, f"report@{recipe.name}"]):
        return code

    from octet.commands import summary

    summary.main(options)
    return None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_recipe(parser)
    parser.add_argument("flags", nargs=argparse.REMAINDER, metavar="FLAG", help="for `dvc repro`, such as --force")


def run() -> None:
    run_command(main, __doc__, add_arguments)
