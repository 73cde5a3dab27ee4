"""Training and scoring against the network alone, on a batch that lies ready."""

from collections.abc import Iterable, Iterator
from itertools import islice, repeat
from pathlib import Path

from octet import device
from octet.benchmark.data import rate
from octet.dataset.pipeline import picture_batches
from octet.dataset.pixels import normalize
from octet.dataset.records import count, read_labels
from octet.detector.anchors import make_anchors
from octet.detector.model import build_detector
from octet.evaluation.keras_model import BATCH, run_keras
from octet.recipe import Recipe
from octet.tensorflow import tf
from octet.training.determinism import make_deterministic
from octet.training.networks import float_networks
from octet.training.run import make_batches, make_schedule, make_update

_STEPS = 24  # besides the first, in which all is traced, and which is not counted


def training_rates(recipe: Recipe, records: Path, pretrained: list[Path]) -> dict[str, float]:
    """Pictures a second: a training's steps on one batch again and again, and on those that the records give."""
    plan, shape = recipe.train_float, recipe.model
    device.use(plan.device)
    make_deterministic(plan.seed)
    networks = float_networks(shape, plan, len(read_labels(records)), pretrained)
    update = make_update(networks, plan, make_schedule(plan, count(records, "train") // plan.batch))
    batches = make_batches(records, shape, plan, 0)

    def steps(given: Iterable[tuple]) -> Iterator[float]:
        for _, pictures, targets in islice(given, 1 + _STEPS):
            yield sum(float(loss) for loss in update(pictures, targets).values())

    alone = plan.batch * rate(steps(repeat(next(iter(batches)))))
    return {"one batch": alone, "from the records": plan.batch * rate(steps(batches))}


def scoring_rates(recipe: Recipe, records: Path, weights: Path) -> dict[str, float]:
    """Pictures a second: the network on one batch again and again, and test pictures from records to detections."""
    device.use("cpu")
    model = build_detector(recipe.model, len(read_labels(records)))
    model.load_weights(weights)
    pictures = picture_batches(records, "test", recipe.model.input_size, BATCH).repeat().take(1 + _STEPS)
    batch = normalize(next(iter(pictures)))
    infer = tf.function(lambda given: model(given, training=False))
    alone = len(batch) * rate(infer(batch) for _ in range(1 + _STEPS))
    found = run_keras(model, pictures.as_numpy_iterator(), make_anchors(recipe.model), recipe.convert.suppression)
    return {"one batch": alone, "from the records": len(batch) * rate(found)}
