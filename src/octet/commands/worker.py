"""Train a stage together with the processes on other machines: the first runs it under DVC, the others help.

Reads:  the recipe; TF_CONFIG or Slurm's variables, which say what processes there are; data/RECIPE, models/RECIPE
Writes: what the stage writes, by the first process alone
Usage:  octet worker STAGE RECIPE    (one process on each machine: srun octet worker train_float RECIPE)
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from octet.commands.command_line.command import run_command
from octet.commands.command_line.recipes import add_recipe
from octet.common.interruption import stop_requested
from octet.recipe.shared.load import load_recipe
from octet.training.cluster import JOINED, read_cluster

_SECTIONS = {"train_float": "train_float", "train_control": "train_qat", "train_qat": "train_qat"}


def main(options: argparse.Namespace) -> int:
    stage, recipe = options.stage, load_recipe(options.recipe)
    plan = getattr(recipe, _SECTIONS[stage])
    cluster = read_cluster()
    if not cluster.is_chief:
        if plan.strategy.kind == "workers":
            os.execv(sys.executable, [sys.executable, f"src/{stage}.py", recipe.name])
        print(f"{recipe.name}.{_SECTIONS[stage]}.strategy.kind is {plan.strategy.kind}: {cluster.name(0)} trains alone")
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        joined = Path(scratch, "joined")
        repro = [sys.executable, "-m", "dvc", "repro", "--single-item", f"{stage}@{recipe.name}"]
        environment = {**os.environ, JOINED: str(joined)}
        # A scheduler's signal reaches the stage as well, which heeds it: nobody else may end before that has saved.
        with stop_requested("the stage has saved"):
            code = subprocess.Popen(repro, env=environment, preexec_fn=_ignore_sigterm).wait()
        if plan.strategy.kind == "workers" and not joined.exists():
            from octet.training.strategy import dismiss

            dismiss(plan)
    return code


def _ignore_sigterm() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stage", metavar="STAGE", choices=sorted(_SECTIONS), help=", ".join(sorted(_SECTIONS)))
    add_recipe(parser)


def run() -> None:
    run_command(main, __doc__, add_arguments)
