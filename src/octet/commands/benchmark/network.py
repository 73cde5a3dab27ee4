"""Training and scoring against the network alone, on a batch that lies ready."""

from collections.abc import Iterable, Iterator
from itertools import islice, repeat
from pathlib import Path

from octet.commands.benchmark.data import rate
from octet.common import device
from octet.common.determinism import make_deterministic
from octet.common.tensorflow import tf
from octet.data.reading.pictures import picture_batches
from octet.data.reading.pixels import normalize
from octet.data.reading.records import count, read_labels
from octet.recipe.shared.recipe import Recipe
from octet.tasks import registry
from octet.training.networks import float_networks
from octet.training.run import make_schedule, make_update

_STEPS = 24  # besides the first, in which all is traced, and which is not counted
_BATCH = 32  # pictures that are scored at once


def training_rates(recipe: Recipe, records: Path, pretrained: list[Path]) -> dict[str, float]:
    """Pictures a second: a training's steps on one batch again and again, and on those that the records give."""
    plan = recipe.train_float
    device.use(plan.device)
    make_deterministic(plan.seed)
    classes = read_labels(records)
    learning = registry.learning(recipe, classes)
    networks = float_networks(registry.network(recipe, classes), plan, pretrained)
    schedule = make_schedule(plan, count(records, "train") // plan.batch)
    update = make_update(learning, networks, plan, schedule)
    batches = learning.batches(records, plan, 0)

    def steps(given: Iterable[tuple]) -> Iterator[float]:
        for _, pictures, targets in islice(given, 1 + _STEPS):
            yield sum(float(loss) for loss in update(pictures, targets).values())

    alone = plan.batch * rate(steps(repeat(next(iter(batches)))))
    return {"one batch": alone, "from the records": plan.batch * rate(steps(batches))}


def scoring_rates(recipe: Recipe, records: Path, weights: Path) -> dict[str, float]:
    """Pictures a second: the network on one batch again and again, and test pictures from records to answers."""
    device.use("cpu")
    classes = read_labels(records)
    network = registry.network(recipe, classes).build()
    network.load_weights(weights)
    pictures = picture_batches(records, "test", recipe.model.input_size, _BATCH).repeat().take(1 + _STEPS)
    batch = normalize(next(iter(pictures)))
    infer = tf.function(lambda given: network(given, training=False))
    alone = len(batch) * rate(infer(batch) for _ in range(1 + _STEPS))
    predicting = registry.predicting(recipe, records)
    found = predicting.network_outputs(network, pictures.as_numpy_iterator())
    return {"one batch": alone, "from the records": len(batch) * rate(found)}
