"""Train a small network from records, in the processes and on the devices that the strategy names.

Usage: python train_in_team.py FOLDER TASK TRAINING KIND REPLICAS [MISHAP]
       (FOLDER holds records; models and runs go there)

A replica has its share of the cores, as `srun` would give it, also where it is a process of its own. With the mishap
`dies`, all processes but the first are gone before they have a network; with `hangs`, they wait for good for their
pictures of the third step, and the first for seconds in the place of minutes; with `alone`, it waits for no longer for
the others to begin.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from helpers.small_networks import CLASSES, small_networks, small_recipe
from octet.common.determinism import make_deterministic
from octet.common.errors import report_user_errors
from octet.recipe.shared.recipe import Strategy
from octet.tasks import registry
from octet.training import strategy as strategies
from octet.training.run import TrainingPaths, making_networks, run_training
from octet.training.strategy import start_team

if "TF_CONFIG" in os.environ:
    team_of = json.loads(os.environ["TF_CONFIG"])
    cores, count = sorted(os.sched_getaffinity(0)), len(team_of["cluster"]["worker"])
    os.sched_setaffinity(0, cores[team_of["task"]["index"] % len(cores) :: count])

folder, (task, training, kind, replicas, *mishap) = Path(sys.argv[1]), sys.argv[2:]


class WithoutMorePictures:
    """A task whose pictures come from a disk that answers late, or not any more."""

    def __init__(self, learning: Any, hangs: bool) -> None:
        self._learning = learning
        self._hangs = hangs

    def __getattr__(self, name: str) -> Any:
        return getattr(self._learning, name)

    def batches(self, *arguments: Any) -> Iterator[Any]:
        batches = iter(self._learning.batches(*arguments))
        yield from islice(batches, 2)
        strategies._STUCK = 5
        time.sleep(600 if self._hangs else 0)
        yield from batches


strategy = Strategy(kind=kind, replicas=int(replicas))  # type: ignore[arg-type]
recipe = small_recipe(task, device="cpu", strategy=strategy, epochs=4, warmup_epochs=1.0, validate_every=2)
plan = getattr(recipe, training)
if mishap == ["alone"]:
    strategies._LATE = 5
with report_user_errors(stopped="stopped; the same command goes on from here"):
    team = start_team(plan)
    make_deterministic(1)
    if mishap == ["dies"] and not team.is_chief:
        os.kill(os.getpid(), signal.SIGKILL)
    paths = TrainingPaths(folder / "records", [], folder / "runs" / training, folder / "models" / training)
    learning = registry.learning(recipe, CLASSES)
    with making_networks(learning, plan, paths, team):
        networks = small_networks(recipe, training, team.strategy)
    if mishap == ["hangs"]:
        learning = WithoutMorePictures(learning, hangs=not team.is_chief)  # type: ignore[assignment]
    run_training(learning, networks, plan, paths, team)
