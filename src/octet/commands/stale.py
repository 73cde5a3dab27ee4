"""See whether dvc.lock fits the code, the parameters and the pipeline, in a clone with data and without.

Reads:  dvc.lock, dvc.yaml, params.yaml and the code; for what lies in data/, models/ and reports/ ask `dvc status`
Usage:  python src/octet stale [RECIPE]; without one, all that dvc.lock knows (exit code 0: it fits, 1: it does not)
"""

import argparse
from pathlib import Path

from octet.commands.reproduction.staleness import require_fresh_lock
from octet.common.errors import report_user_errors


def run() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", nargs="?", help="a section of params.yaml")
    recipe = parser.parse_args().recipe
    with report_user_errors():
        recipes = require_fresh_lock(Path(), recipe)
    print(f"dvc.lock is up to date: {', '.join(recipes)}")
