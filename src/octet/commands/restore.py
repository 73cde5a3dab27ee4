"""Take from DVC's default remote what it has of a recipe, before `dvc repro` runs the rest.

That is models and reports, and the data that a stale stage needs. What is printed are the options for `dvc repro`.

Reads:  dvc.lock, which names each file by its MD5
Usage:  octet restore RECIPE [--verify-commit]
"""

import argparse
import sys

from octet.commands.command_line.command import run_command
from octet.commands.pull import add_arguments
from octet.commands.sharing.signature import require_signed_commit
from octet.recipe.shared.load import load_recipe


def main(options: argparse.Namespace) -> None:
    if options.verify_commit:
        require_signed_commit()
    recipe = load_recipe(options.recipe)

    from octet.commands.sharing.lock import locked_repo
    from octet.commands.sharing.remote import default_remote
    from octet.commands.sharing.restoring import restore_outputs

    with locked_repo() as repo:
        remote = default_remote(repo)
        if remote is None:
            print("octet: no default remote, so all of it runs (docs/remotes.md)", file=sys.stderr)
        elif restore_outputs(repo, remote, recipe.name):
            print("--allow-missing")  # data that no stage needs is not made again


def run() -> None:
    run_command(main, __doc__, add_arguments)
