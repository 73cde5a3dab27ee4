"""Check that a recipe can run here before hours are spent, and fetch its own files again where they changed.

Reads:  the recipe, dvc.lock, and runs/RECIPE/own, the fingerprint of the recipe's own files when they were last fetched
Usage:  octet preflight RECIPE
"""

import argparse
import subprocess
import sys
from pathlib import Path

from octet.commands.command_line.command import run_command
from octet.commands.command_line.recipes import add_recipe
from octet.common.files import atomic_write
from octet.fetching.own import fingerprint, local_paths
from octet.recipe.shared.load import load_recipe
from octet.recipe.shared.recipe import Recipe


def main(options: argparse.Namespace) -> None:
    recipe = load_recipe(options.recipe)
    if recipe.train_float.device == "gpu" and never_trained(recipe.name):
        from octet.common import device

        device.find_gpus("gpu")
    fetch_changed_files(recipe)


def never_trained(recipe: str) -> bool:
    """Whether dvc.lock knows no float training of the recipe; one that it knows may come from a DVC remote."""
    lock = Path("dvc.lock")
    return not lock.exists() or f"  train_float@{recipe}:\n" not in lock.read_text()


def fetch_changed_files(recipe: Recipe) -> None:
    """Run the fetch stage where the recipe's own files changed, since DVC does not look outside the repository."""
    places = [place for place in local_paths(recipe.dataset) if place.exists()]
    if not places:
        return  # its data may come from a DVC remote; if they must be fetched after all, fetch names what is missing
    record = Path("runs", recipe.name, "own")
    now = fingerprint(places)
    if record.exists() and record.read_text() == now:
        return
    fetch = [sys.executable, "-m", "dvc", "repro", "--force", "--single-item", f"fetch@{recipe.name}"]
    if subprocess.run(fetch).returncode:
        sys.exit(f"octet: fetch@{recipe.name} failed, see above")
    with atomic_write(record) as partial:
        partial.write_text(now)


def run() -> None:
    run_command(main, __doc__, add_recipe)
