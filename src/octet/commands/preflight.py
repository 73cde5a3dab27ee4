"""Check that a recipe can run here before hours are spent, and fetch its own files again where they changed.

What a killed run left of DVC's notes is put right first, or said. Before a dry run (--dry) nothing is fetched.

Reads:  the recipe, dvc.yaml and dvc.lock;
        runs/RECIPE/own, the fingerprint of the recipe's own files when they were last fetched
Usage:  octet preflight RECIPE [flags of `dvc repro`, which is to run next]
"""

import argparse
import subprocess
import sys
from pathlib import Path

from octet.commands.command_line.command import run_command
from octet.commands.command_line.recipes import add_recipe
from octet.commands.command_line.repro_flags import add_repro_flags, asks_for_dry_run
from octet.commands.reproduction.dvc_lock import read_lock
from octet.common.errors import report_user_errors
from octet.common.files import atomic_write
from octet.fetching.own import fingerprint, local_paths
from octet.recipe.shared.declared import require_in_pipeline
from octet.recipe.shared.load import load_recipe
from octet.recipe.shared.recipe import Recipe

_NOTHING_RUNS = b"{}"  # as DVC notes it; to ask DVC itself takes half a second


def main(options: argparse.Namespace) -> None:
    recipe = load_recipe(options.recipe)
    require_in_pipeline(recipe)
    locked = read_lock(Path("dvc.lock"))
    if f"score@{recipe.name}" not in locked:
        from octet.tflite.running.operators import require_known_operators

        for names in recipe.score.forbidden_operators.values():
            require_known_operators(names)
    trainings = {"train_float": recipe.train_float, "train_qat": recipe.train_qat}
    # What is in the lock was trained here, or it comes from a DVC remote.
    plans = [plan for stage, plan in trainings.items() if f"{stage}@{recipe.name}" not in locked]
    if recipe.train_qat in plans and recipe.train_qat.float_layers:
        require_layers(recipe)
    rwlock = Path(".dvc", "tmp", "rwlock")
    if rwlock.exists() and rwlock.read_bytes() != _NOTHING_RUNS:
        from dvc.exceptions import DvcException

        from octet.commands.reproduction.rwlock import remove_broken_rwlock

        with report_user_errors(DvcException):
            remove_broken_rwlock(rwlock)
    for plan in plans:
        if plan.device == "gpu":
            from octet.common import device

            device.find_gpus("gpu", plan.strategy.replicas if plan.strategy.kind == "mirrored" else 1)
    fetch_changed_files(recipe, asks_for_dry_run(options.flags))


def require_layers(recipe: Recipe) -> None:
    """Refuse a layer of `train_qat.float_layers` that the network has not, hours before that stage would."""
    from octet.quantization.qat import layer_with_weights
    from octet.tasks import registry

    network = registry.network(recipe, ["one", "another"]).build()  # with other classes, the layers are the same
    for name in recipe.train_qat.float_layers:
        layer_with_weights(network, name)


def fetch_changed_files(recipe: Recipe, dry: bool) -> None:
    """Run the fetch stage where the recipe's own files changed, since DVC does not look outside the repository.

    In a dry run, only say that it would run.
    """
    places = [place for place in local_paths(recipe.dataset) if place.exists()]
    if not places:
        return  # its data may come from a DVC remote; if they must be fetched after all, fetch names what is missing
    record = Path("runs", recipe.name, "own")
    now = fingerprint(places)
    if record.exists() and record.read_text() == now:
        return
    stage = f"fetch@{recipe.name}"
    if dry:
        print(f"octet: the recipe's own files are not what was fetched last: {stage} would run first", file=sys.stderr)
        return
    if subprocess.run([sys.executable, "-m", "dvc", "repro", "--force", "--single-item", stage]).returncode:
        sys.exit(f"octet: {stage} failed, see above")
    with atomic_write(record) as partial:
        partial.write_text(now)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_recipe(parser)
    add_repro_flags(parser)


def run() -> None:
    run_command(main, __doc__, add_arguments)
