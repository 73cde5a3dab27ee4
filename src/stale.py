"""See whether dvc.lock fits the code, the parameters and the pipeline, in a clone with data and without.

Reads:  dvc.lock, dvc.yaml, params.yaml and the code; for what lies in data/, models/ and reports/ ask `dvc status`
Usage:  python src/stale.py [RECIPE]; without one, all that dvc.lock knows (exit code 0: it fits, 1: it does not)
"""

import argparse
from pathlib import Path

from octet.reproduction.staleness import require_fresh_lock
from octet.stage import told_plainly


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", nargs="?", help="a section of params.yaml")
    recipe = parser.parse_args().recipe
    with told_plainly():
        recipes = require_fresh_lock(Path(), recipe)
    print(f"dvc.lock is up to date: {', '.join(recipes)}")


if __name__ == "__main__":
    main()
