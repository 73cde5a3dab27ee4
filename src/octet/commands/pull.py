"""Pull a recipe's models and reports from DVC's default remote, without its data.

Reads:  dvc.lock, which names each file by its MD5
Usage:  python src/octet pull RECIPE
"""

import argparse

from dvc.exceptions import DvcException
from dvc.repo import Repo, lock_repo

from octet.commands.sharing.sharing import default_remote, outputs, pull
from octet.common.errors import report_user_errors


def run() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", help="one of the recipes of dvc.yaml")
    recipe = parser.parse_args().recipe
    with report_user_errors(DvcException), Repo() as repo, lock_repo(repo):
        outs = outputs(repo, recipe)
        pull(repo, default_remote(repo), [out for out in outs if not out.def_path.startswith("data/")], recipe)
