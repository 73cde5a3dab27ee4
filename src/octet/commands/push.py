"""Push what a recipe's stages made to DVC's default remote.

Reads:  dvc.lock, which names each file by its MD5
Usage:  python src/octet push RECIPE [--again]
"""

import argparse

from dvc.exceptions import DvcException
from dvc.repo import Repo, lock_repo

from octet.commands.sharing.sharing import default_remote, outputs, push
from octet.common.errors import report_user_errors


def run() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", help="one of the recipes of dvc.yaml")
    parser.add_argument("--again", action="store_true", help="push also what the remote has, over a damaged copy")
    arguments = parser.parse_args()
    with report_user_errors(DvcException), Repo() as repo, lock_repo(repo):
        outs = outputs(repo, arguments.recipe)
        push(repo, default_remote(repo), outs, arguments.again)
