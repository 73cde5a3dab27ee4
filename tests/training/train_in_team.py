"""Train a small network from records, in the processes and on the devices that the strategy names.

Usage: python train_in_team.py FOLDER TASK TRAINING KIND REPLICAS    (FOLDER holds records; models and runs go there)

A replica has its share of the cores, as `srun` would give it, also where it is a process of its own.
"""

import json
import os
import sys
from pathlib import Path

from helpers.small_networks import CLASSES, small_networks, small_recipe
from octet.common.determinism import make_deterministic
from octet.common.errors import report_user_errors
from octet.recipe.shared.recipe import Strategy
from octet.tasks import registry
from octet.training.run import TrainingPaths, run_training
from octet.training.strategy import start_team

if "TF_CONFIG" in os.environ:
    team_of = json.loads(os.environ["TF_CONFIG"])
    cores, count = sorted(os.sched_getaffinity(0)), len(team_of["cluster"]["worker"])
    os.sched_setaffinity(0, cores[team_of["task"]["index"] % len(cores) :: count])

folder, (task, training, kind, replicas) = Path(sys.argv[1]), sys.argv[2:]
strategy = Strategy(kind=kind, replicas=int(replicas))  # type: ignore[arg-type]
recipe = small_recipe(task, device="cpu", strategy=strategy, epochs=4, warmup_epochs=1.0, validate_every=2)
plan = getattr(recipe, training)
with report_user_errors(stopped="stopped; the same command goes on from here"):
    team = start_team(plan)
    make_deterministic(1)
    networks = small_networks(recipe, training, team.strategy)
    paths = TrainingPaths(folder / "records", [], folder / "runs" / training, folder / "models" / training)
    run_training(registry.learning(recipe, CLASSES), networks, plan, paths, team)
