"""Pull a recipe's models and reports from DVC's default remote, without its data.

Reads:  dvc.lock, which names each file by its MD5
Usage:  octet pull RECIPE [--verify-commit]
"""

import argparse

from octet.commands.command_line.command import run_command
from octet.commands.command_line.recipes import add_recipe
from octet.commands.sharing.signature import require_signed_commit
from octet.recipe.shared.load import load_recipe


def main(options: argparse.Namespace) -> None:
    if options.verify_commit:
        require_signed_commit()
    recipe = load_recipe(options.recipe)

    from octet.commands.sharing.lock import is_data, locked_repo, outputs_of_recipe
    from octet.commands.sharing.remote import pull_outputs, require_remote

    with locked_repo() as repo:
        outs = [out for out in outputs_of_recipe(repo, recipe.name) if not is_data(out)]
        pull_outputs(repo, require_remote(repo), outs, recipe.name)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_recipe(parser)
    parser.add_argument(
        "--verify-commit", action="store_true", help="only by the dvc.lock of a commit whose signature git accepts"
    )


def run() -> None:
    run_command(main, __doc__, add_arguments)
