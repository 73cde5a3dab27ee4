"""Push what a recipe's stages made to DVC's default remote, or pull its models and reports from there.

Reads:  dvc.lock, which names each file by its MD5
Usage:  python src/remote.py push|pull RECIPE
"""

import argparse

from dvc.exceptions import DvcException
from dvc.repo import Repo, lock_repo

from octet.sharing import default_remote, outputs, pull, push
from octet.stage import told_plainly


def main(command: str, recipe: str, again: bool) -> None:
    with Repo() as repo, lock_repo(repo):
        outs = outputs(repo, recipe)
        remote = default_remote(repo)
        if command == "push":
            push(repo, remote, outs, again)
        else:
            pull(repo, remote, [out for out in outs if not out.def_path.startswith("data/")], recipe)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["push", "pull"])
    parser.add_argument("recipe", help="one of the recipes of dvc.yaml")
    parser.add_argument("--again", action="store_true", help="push also what the remote has, over a damaged copy")
    arguments = parser.parse_args()
    with told_plainly(DvcException):
        main(arguments.command, arguments.recipe, arguments.again)
