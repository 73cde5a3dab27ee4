"""Train small networks on parts of this machine's CPU, and print how they end.

Usage: python train_on_replicas.py TASK TRAINING MICRO_BATCHES FREEZE SPREAD REPLICAS...
Each number of replicas trains the same network on the same batches. A line says, as JSON, which variables end with
other values in another replica, and how far losses and variables are, at most and on average, from those of the first
number of replicas.
"""

import json
import sys

import numpy as np

from helpers.small_networks import batches, small_recipe, small_update
from octet.common import device
from octet.common.determinism import make_deterministic
from octet.common.replicas import local_value
from octet.common.tensorflow import tf

_STEPS = 3

task, training, micro_batches, freeze, spread, *counts = sys.argv[1:]
most = max(map(int, counts))
device.use("cpu", most)
make_deterministic(1)
cpus = [cpu.name for cpu in tf.config.list_logical_devices("CPU")]
extra: dict[str, object] = {"micro_batches": int(micro_batches)}
if training == "train_qat":
    frozen = freeze == "frozen"
    extra |= {"freeze_batch_norm": frozen, "freeze_ranges": frozen, "distillation_weight": 0.7 if frozen else 0.0}
recipe = small_recipe(task, **extra)


def train(count: int) -> tuple[list[str], np.ndarray, dict[str, np.ndarray]]:
    """The variables that differ between replicas in the end, the losses of all steps, and the variables' values."""
    strategy = tf.distribute.MirroredStrategy(cpus[:count]) if count > 1 else tf.distribute.get_strategy()
    update, networks = small_update(recipe, training, strategy)
    losses = []
    for pictures, targets in batches(task, _STEPS, float(spread)):
        parts = tuple(part(strategy, target) for target in targets)
        losses.append([float(loss) for loss in update(part(strategy, pictures), parts).values()])
    variables = networks.trained.weights + update.averaged.weights
    differing = [
        variable.name
        for variable in variables
        if len({value.numpy().tobytes() for value in getattr(variable, "values", (variable,))}) > 1
    ]
    names = (f"{number} {variable.name}" for number, variable in enumerate(variables))
    return differing, np.array(losses), dict(zip(names, (local_value(v).numpy() for v in variables), strict=True))


def part(strategy: tf.distribute.Strategy, tensor: tf.Tensor) -> tf.Tensor:
    """Each replica's rows of a batch's tensor: as many of every micro-batch."""
    count = strategy.num_replicas_in_sync
    rows = tf.reshape(tf.range(len(tensor)), [recipe.train_float.micro_batches, count, -1])
    mine = [tf.gather(tensor, tf.reshape(rows[:, replica], [-1])) for replica in range(count)]
    if count == 1:
        return mine[0]
    return strategy.experimental_distribute_values_from_function(lambda context: mine[context.replica_id_in_sync_group])


first = None
for count in map(int, counts):
    differing, losses, values = train(count)
    first = first or (losses, values)
    distances = {name: float(np.abs(value - first[1][name]).max()) for name, value in values.items()}
    worst = max(distances, key=distances.__getitem__)
    values_apart = np.concatenate([np.abs(value - first[1][name]).ravel() for name, value in values.items()])
    moved: dict[str, object] = {"mean": float(values_apart.mean())}
    moved |= {"losses": float(np.abs(losses - first[0]).max()), "variable": worst, "distance": distances[worst]}
    print(json.dumps({"replicas": count, "differing": differing, **moved}), flush=True)
