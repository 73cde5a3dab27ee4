"""See that a recipe can run here before hours are spent, and fetch its own files again where they changed.

Reads:  the recipe, dvc.lock, and runs/RECIPE/own, which tells what the recipe's own files were when last fetched
Usage:  python src/octet preflight RECIPE
"""

import subprocess
import sys
from pathlib import Path

from octet.common.files import atomic_write
from octet.fetching.own import fingerprint, local_paths
from octet.recipe.shared import stage
from octet.recipe.shared.recipe import Recipe


def main(recipe: Recipe) -> None:
    if recipe.train_float.device == "gpu" and never_trained(recipe.name):
        from octet.common import device

        device.find_gpus("gpu")
    fetch_what_changed(recipe)


def never_trained(recipe: str) -> bool:
    lock = Path("dvc.lock")
    return not lock.exists() or f"  train_float@{recipe}:\n" not in lock.read_text()


def fetch_what_changed(recipe: Recipe) -> None:
    """DVC does not look outside the repository."""
    places = [place for place in local_paths(recipe.dataset) if place.exists()]
    seen = Path("runs", recipe.name, "own")
    if not places:
        return  # it may come from a DVC remote; if it has to be fetched here after all, fetch says what is missing
    now = fingerprint(places)
    if seen.exists() and seen.read_text() == now:
        return
    again = [sys.executable, "-m", "dvc", "repro", "--force", "--single-item", f"fetch@{recipe.name}"]
    if subprocess.run(again).returncode:
        sys.exit(f"octet: fetch@{recipe.name} failed, see above")
    with atomic_write(seen) as partial:
        partial.write_text(now)


def run() -> None:
    stage.run(main, __doc__)
