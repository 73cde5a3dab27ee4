"""Run what is stale of a recipe's pipeline, with DVC, then say how it ended.

A dry run (--dry) says what is stale, and nothing else.

Usage:  octet reproduce RECIPE [flags of `dvc repro`]
"""

import argparse

from octet.commands.command_line.command import run_command
from octet.commands.command_line.recipes import add_recipe
from octet.commands.command_line.repro_flags import add_repro_flags, asks_for_dry_run
from octet.recipe.shared.load import load_recipe


def main(options: argparse.Namespace) -> int | None:
    recipe = load_recipe(options.recipe)

    from octet.commands.reproduction.quiet import run_dvc

    if code := run_dvc(["repro", *options.flags, f"report@{recipe.name}"]):
        return code
    if asks_for_dry_run(options.flags):
        return 0

    from octet.commands import summary

    summary.main(options)
    return None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_recipe(parser)
    add_repro_flags(parser)


def run() -> None:
    run_command(main, __doc__, add_arguments)
