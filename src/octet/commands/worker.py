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
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from octet.commands.command_line.command import run_command
from octet.commands.command_line.recipes import add_recipe
from octet.common.interruption import stop_requested
from octet.recipe.shared.load import load_recipe
from octet.training.cluster import STARTED, read_cluster

_SECTIONS = {"train_float": "train_float", "train_control": "train_qat", "train_qat": "train_qat"}
_PAUSE = 0.5  # seconds between two looks whether to stop


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
        started = Path(scratch, "started")
        repro = [sys.executable, "-m", "dvc", "repro", "--single-item", f"{stage}@{recipe.name}"]
        environment = {**os.environ, STARTED: str(started)}
        with stop_requested("the stage has saved") as is_stop_requested:
            dvc = subprocess.Popen(repro, env=environment, preexec_fn=_ignore_sigterm)
            code = _wait(dvc, started, is_stop_requested)
            is_stopped = is_stop_requested()
        if plan.strategy.kind == "workers" and not started.exists() and not is_stopped:
            from octet.training.strategy import dismiss

            dismiss(plan)
    return code


def _wait(dvc: subprocess.Popen[bytes], started: Path, is_stop_requested: Callable[[], bool]) -> int:
    """Wait until DVC ends, and pass a request to stop on to the training, once that has begun."""
    is_passed_on = False
    while True:
        with suppress(subprocess.TimeoutExpired):
            return dvc.wait(_PAUSE)
        if is_stop_requested() and not is_passed_on and started.exists():
            is_passed_on = True
            with suppress(ProcessLookupError):  # it has ended, and DVC keeps what it wrote
                os.kill(int(started.read_text()), signal.SIGTERM)


def _ignore_sigterm() -> None:
    """Leave a scheduler's signal, which may reach all processes, to the training: DVC may not end before it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stage", metavar="STAGE", choices=sorted(_SECTIONS), help=", ".join(sorted(_SECTIONS)))
    add_recipe(parser)


def run() -> None:
    run_command(main, __doc__, add_arguments)
