"""Train a stage together with the processes on other machines: the first runs it under DVC, the others help.

Reads:  the recipe; TF_CONFIG or Slurm's variables, which say what processes there are; data/RECIPE, models/RECIPE
Writes: what the stage writes, by the first process alone
Usage:  octet worker STAGE RECIPE    (one process on each machine: srun octet worker train_float RECIPE)
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from octet.commands.command_line.command import run_command
from octet.commands.command_line.recipes import add_recipe
from octet.common.errors import UserError
from octet.recipe.shared.load import load_recipe
from octet.training.cluster import JOINED, read_cluster

_SECTIONS = {"train_float": "train_float", "train_control": "train_qat", "train_qat": "train_qat"}


def main(options: argparse.Namespace) -> int:
    recipe = load_recipe(options.recipe)
    section = _SECTIONS[options.stage]
    plan = getattr(recipe, section)
    if plan.strategy.kind != "workers":
        raise UserError(
            f"{recipe.name}.{section}.strategy.kind is {plan.strategy.kind}, which is one process: run "
            f"`dvc repro {options.stage}@{recipe.name}`, or set it to workers"
        )
    if not read_cluster().is_chief:
        return subprocess.run([sys.executable, f"src/{options.stage}.py", recipe.name]).returncode
    with tempfile.TemporaryDirectory() as scratch:
        joined = Path(scratch, "joined")
        repro = [sys.executable, "-m", "dvc", "repro", "--single-item", f"{options.stage}@{recipe.name}"]
        code = subprocess.run(repro, env={**os.environ, JOINED: str(joined)}).returncode
        if not joined.exists():
            from octet.training.strategy import dismiss

            dismiss(plan)
    return code


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stage", metavar="STAGE", choices=sorted(_SECTIONS), help=", ".join(sorted(_SECTIONS)))
    add_recipe(parser)


def run() -> None:
    run_command(main, __doc__, add_arguments)
