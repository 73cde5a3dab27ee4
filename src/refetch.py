"""Fetch a recipe's own files again where they changed: DVC does not look outside the repository.

Reads:  the files that dataset.source names, and runs/RECIPE/own, which tells what they were when last fetched
Usage:  python src/refetch.py RECIPE
"""

import subprocess
import sys
from pathlib import Path

from octet import stage
from octet.recipe import Recipe
from octet.voc.own import fingerprint, own_places


def main(recipe: Recipe) -> None:
    places, seen = own_places(recipe.dataset), Path("runs", recipe.name, "own")
    now = fingerprint(places)
    if not places or not all(place.exists() for place in places):
        return  # it may come from a DVC remote; if it has to be fetched here after all, fetch says what is missing
    if seen.exists() and seen.read_text() == now:
        return
    again = [sys.executable, "-m", "dvc", "repro", "--force", "--single-item", f"fetch@{recipe.name}"]
    if subprocess.run(again).returncode:
        sys.exit(f"octet: fetch@{recipe.name} failed, see above")
    seen.parent.mkdir(parents=True, exist_ok=True)
    seen.write_text(now)


if __name__ == "__main__":
    stage.run(main, __doc__)
