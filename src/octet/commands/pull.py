"""Pull a recipe's models and reports from DVC's default remote, without its data.

Reads:  dvc.lock, which names each file by its MD5
Usage:  octet pull RECIPE
"""

import argparse

from octet.commands.command_line.command import run_command
from octet.commands.command_line.recipes import add_recipe
from octet.common.errors import report_user_errors
from octet.recipe.shared.load import load_recipe


def main(options: argparse.Namespace) -> None:
    recipe = load_recipe(options.recipe)

    from dvc.exceptions import DvcException
    from dvc.repo import Repo, lock_repo

    from octet.commands.sharing.remote import default_remote, outputs_of_recipe, pull_outputs

    with report_user_errors(DvcException), Repo() as repo, lock_repo(repo):
        outs = outputs_of_recipe(repo, recipe.name)
        wanted = [out for out in outs if not out.def_path.startswith("data/")]
        pull_outputs(repo, default_remote(repo), wanted, recipe.name)


def run() -> None:
    run_command(main, __doc__, add_recipe)
