"""Some steps of a training on this machine's devices: their bytes, their speed and their memory."""

import hashlib
import time
from collections.abc import Iterable
from itertools import islice, repeat
from pathlib import Path
from typing import Any

from octet.commands.health.memory import memory_need, peak_memory
from octet.common.determinism import make_deterministic
from octet.common.replicas import local_value
from octet.common.tensorflow import tf
from octet.data.reading.pictures import picture_batches
from octet.data.reading.pixels import normalize
from octet.data.reading.records import read_class_names
from octet.quantization.networks import quantized_networks
from octet.recipe.shared.recipe import Recipe
from octet.tasks import registry
from octet.training.networks import float_networks
from octet.training.run import make_schedule, make_update
from octet.training.strategy import distributed_batches, start_team


def take_steps(recipe: Recipe, training: str, records: Path, steps: int) -> dict[str, Any]:
    """Train for so many steps from the records, then as many on one batch; what that gave and took."""
    plan = getattr(recipe, training).model_copy(update={"epochs": steps + 1})  # enough pictures in any case
    team = start_team(plan)
    make_deterministic(plan.seed)
    classes = read_class_names(records)
    network, learning = registry.network(recipe, classes), registry.learning(recipe, classes)
    if training == "train_float":
        networks = float_networks(network, plan, [], team.strategy)
    else:
        pictures = picture_batches(records, "train", recipe.model.input_size, plan.batch).take(1).map(normalize)
        networks = quantized_networks(network.build(), plan, team.strategy, pictures)
    with team.strategy.scope():
        update = make_update(learning, networks, plan, make_schedule(plan, steps))

    def seconds(batches: Iterable[Any]) -> float:
        """How long the steps after the first take, which traces the graph."""
        began = 0.0
        for _, pictures, targets in islice(batches, steps + 1):
            for loss in update(pictures, targets).values():
                float(loss)  # waits for the step's end
            began = began or time.perf_counter()
        return time.perf_counter() - began

    batches = distributed_batches(learning, records, plan, team.strategy, 0)
    from_records = seconds(batches)
    digest = hashlib.sha256(b"".join(local_value(weight).numpy().tobytes() for weight in networks.trained.weights))
    one_batch = seconds(repeat(next(iter(batches))))
    gpus = tf.config.list_logical_devices("GPU")
    sharing = plan.strategy.replicas if gpus else 1  # parts of a CPU have one memory
    return {
        "devices": team.strategy.num_replicas_in_sync,
        "sha256": digest.hexdigest(),
        "pictures_per_second": round(steps * plan.batch / from_records, 1),
        "waiting": round(max(0.0, 1 - one_batch / from_records), 3),  # of the time, for pictures
        "peak_bytes": _peak(gpus),
        "estimated_bytes": round(
            memory_need(recipe, training, bool(gpus)).of(plan.pictures_at_once // sharing, plan.parts)
        ),
    }


def _peak(gpus: list[Any]) -> int:
    if not gpus:
        return peak_memory()
    return max(int(tf.config.experimental.get_memory_info(gpu.name.removeprefix("/device:"))["peak"]) for gpu in gpus)
