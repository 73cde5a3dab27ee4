"""Push what a recipe's stages made to DVC's default remote.

Reads:  dvc.lock, which names each file by its MD5
Usage:  octet push [RECIPE] [--again]
"""

import argparse

from octet.commands.command_line.command import run_command
from octet.commands.command_line.recipes import EVALUATION, add_recipe_with_results, recipe_with_results
from octet.recipe.shared.load import load_recipe


def main(options: argparse.Namespace) -> None:
    recipe = load_recipe(options.recipe) if options.recipe else recipe_with_results(None, EVALUATION)

    from octet.commands.sharing.lock import locked_repo, outputs_of_recipe
    from octet.commands.sharing.remote import push_outputs, require_remote

    with locked_repo() as repo:
        outs = outputs_of_recipe(repo, recipe.name)
        push_outputs(repo, require_remote(repo), outs, options.again)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_recipe_with_results(parser)
    parser.add_argument("--again", action="store_true", help="push also files that the remote has, over damaged copies")


def run() -> None:
    run_command(main, __doc__, add_arguments)
