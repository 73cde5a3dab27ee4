"""Run a recipe again from nothing, in a clone of what is committed, and compare every output with dvc.lock.

Reads:  git's HEAD, dvc.lock
Writes: runs/verify-RECIPE-*/, a scratch folder that is removed unless the rerun fails or differs
Usage:  octet verify RECIPE (exit code 0: all agrees, 1: something differs)
"""

import argparse
import shutil
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from octet.commands.command_line.command import run_command
from octet.commands.command_line.recipes import add_recipe
from octet.commands.reproduction.clone import cache_folder, clone_head, git, reproduce
from octet.commands.reproduction.comparison import differences, read_hashes
from octet.common.errors import UserError
from octet.common.files import require_output
from octet.fetching.own import local_paths
from octet.recipe.shared.load import load_recipe

LOCK = Path("dvc.lock")
SCRATCH = Path("runs")


def main(options: argparse.Namespace) -> None:
    recipe = load_recipe(options.recipe)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # unless nohup has it ignored
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    for place in local_paths(recipe.dataset):
        if not place.is_absolute():
            raise UserError(
                f"params.yaml: {recipe.name}.dataset names {place}, which is another place in the clone where all "
                f"runs again: name it in full ({place.resolve()}), run the recipe, and commit both"
            )
    try:
        verify(recipe.name)
    except KeyboardInterrupt:
        print("octet: stopped; nothing is kept", file=sys.stderr)
        sys.exit(130)


def verify(recipe: str) -> None:
    """Run the recipe again in a clone, and print for each stage whether its outputs agree with dvc.lock."""
    require_output(LOCK, f"report@{recipe}")
    commit = git("rev-parse", "--short", "HEAD").strip()
    uncommitted = [path for path in git("diff", "--name-only", "HEAD").splitlines() if path != str(LOCK)]
    if uncommitted:
        print(f"octet: not committed, so not verified: {', '.join(uncommitted)}", file=sys.stderr)

    from octet.commands.reproduction.staleness import require_fresh_lock

    SCRATCH.mkdir(exist_ok=True)
    with ExitStack() as at_the_end:
        clone = Path(tempfile.mkdtemp(prefix=f"verify-{recipe}-", dir=SCRATCH))
        at_the_end.callback(shutil.rmtree, clone)
        print(f"Running {recipe} again from nothing, as of commit {commit}, in {clone}, to compare it with {LOCK}.")
        print("That takes the time and the disk of a first run.", flush=True)
        clone_head(clone)
        shutil.copy(LOCK, clone)
        require_fresh_lock(clone, recipe)
        reference = read_hashes(clone / LOCK, recipe)
        (clone / LOCK).unlink()  # with no lock and no cache, DVC has to run everything
        if not reproduce(clone, recipe):
            at_the_end.pop_all()
            raise UserError(f"a stage failed, see above; the rerun is kept in {clone}")
        rerun = read_hashes(clone / LOCK, recipe)
        differing = differences(reference, rerun, [cache_folder(Path()), cache_folder(clone)])
        print()
        for name, outputs in differing.items():
            print(f"{'differs' if outputs else 'agrees':8} {name}", *outputs, sep="\n    ")
        first = next((name for name, outputs in differing.items() if outputs), None)
        if first:
            at_the_end.pop_all()
            sys.exit(
                f"octet: {recipe} differs from {first} on; the rerun is kept in {clone}. "
                "Another CPU model, or another number of cores, makes other bytes: see docs/reproducibility.md"
            )
        print(f"\nAll {sum(map(len, rerun.values()))} outputs of {recipe} agree with {LOCK}.")


def run() -> None:
    run_command(main, __doc__, add_recipe)
