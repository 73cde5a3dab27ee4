"""The speed of training and scoring, beside that of the network alone on a batch that is ready."""

from collections.abc import Iterable, Iterator
from itertools import islice, repeat
from pathlib import Path
from typing import Literal

from octet.commands.benchmark.cores import on_a_core_each, on_cores
from octet.commands.benchmark.data import full_batches, items_per_second
from octet.common import device
from octet.common.determinism import make_deterministic
from octet.common.tensorflow import traced
from octet.common.weights import load_weights
from octet.data.reading.pixels import normalize
from octet.data.reading.records import count_records, read_class_names
from octet.recipe.shared.recipe import Recipe, Strategy
from octet.tasks import registry
from octet.training.networks import float_networks
from octet.training.run import make_schedule, make_update
from octet.training.strategy import distributed_batches, start_team

_STEPS = 24  # after the first, which traces the graph and is not counted
_BATCH = 32  # pictures that are scored at once


def training_rates(recipe: Recipe, records: Path, pretrained: list[Path]) -> dict[str, float]:
    """Pictures a second of training steps: on one batch again and again, and on batches from the records."""
    plan = recipe.train_float
    strategy = start_team(plan).strategy
    make_deterministic(plan.seed)
    classes = read_class_names(records)
    learning = registry.learning(recipe, classes)
    networks = float_networks(registry.network(recipe, classes), plan, pretrained, strategy)
    schedule = make_schedule(plan, count_records(records, "train") // plan.batch)
    with strategy.scope():
        update = make_update(learning, networks, plan, schedule)
    batches = distributed_batches(learning, records, plan, strategy, 0)

    def steps(batches: Iterable[tuple]) -> Iterator[float]:
        for _, pictures, targets in islice(batches, 1 + _STEPS):
            yield sum(float(loss) for loss in update(pictures, targets).values())

    one_batch = plan.batch * items_per_second(steps(repeat(next(iter(batches)))))
    return {"one batch": one_batch, "from the records": plan.batch * items_per_second(steps(batches))}


def shared_rates(recipe: Recipe, records: Path, pretrained: list[Path]) -> dict[str, float]:
    """Pictures a second of training on two cores: by one replica, two that share a process, and two processes."""

    def on(kind: Literal["one", "mirrored", "workers"], replicas: int) -> Recipe:
        strategy = Strategy(kind=kind, replicas=replicas)
        plan = recipe.train_float
        rounds = {"micro_batches": plan.parts, "at_once": 1}  # replicas are what is at once
        changes = {"device": "cpu", "strategy": strategy, "xla": False, **rounds}
        return recipe.model_copy(update={"train_float": plan.model_copy(update=changes)})

    measured = {
        "one replica": on_cores(2, training_rates, on("one", 1), records, pretrained),
        "two in a process": on_cores(2, training_rates, on("mirrored", 2), records, pretrained),
        "two processes": on_a_core_each(2, training_rates, on("workers", 2), records, pretrained),
    }
    return {name: rates["from the records"] for name, rates in measured.items()}


def scoring_rates(recipe: Recipe, records: Path, weights: Path) -> dict[str, float]:
    """Pictures a second: the network on one batch again and again, and test pictures from records to predictions."""
    device.use("cpu")
    classes = read_class_names(records)
    network = registry.network(recipe, classes).build()
    load_weights(network, weights, f"train_float@{recipe.name}")
    pictures = full_batches(records, recipe.model.input_size, _BATCH, 1 + _STEPS)
    batch = normalize(next(iter(pictures)))
    infer = traced(lambda pictures: network(pictures, training=False))
    one_batch = len(batch) * items_per_second(infer(batch) for _ in range(1 + _STEPS))
    predicting = registry.predicting(recipe, records)
    outputs = predicting.network_outputs(network, pictures.as_numpy_iterator())
    return {"one batch": one_batch, "from the records": len(batch) * items_per_second(outputs)}
