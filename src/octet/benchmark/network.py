"""Training and scoring against the network alone, on a batch that lies ready."""

import time
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from octet import device
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

_WARM = 3  # calls that trace, allocate and fill caches
_STEPS = 24


def training_rates(recipe: Recipe, records: Path, pretrained: list[Path]) -> dict[str, float]:
    """Pictures a second: a training's steps on one batch again and again, and on those that the records give."""
    plan, shape = recipe.train_float, recipe.model
    device.use(plan.device)
    make_deterministic(plan.seed)
    networks = float_networks(shape, plan, len(read_labels(records)), pretrained)
    update = make_update(networks, plan, make_schedule(plan, count(records, "train") // plan.batch))
    batches = iter(make_batches(records, shape, plan, 0))
    _, pictures, targets = next(batches)

    def steps(given: Iterable[tuple]) -> float:
        start = time.perf_counter()
        for some, wanted in given:
            sum(float(loss) for loss in update(some, wanted).values())
        return _STEPS * plan.batch / (time.perf_counter() - start)

    for _ in range(_WARM):
        update(pictures, targets)
    alone = steps([(pictures, targets)] * _STEPS)
    fresh = ((some, wanted) for _, some, wanted in islice(batches, _STEPS))
    return {"one batch": alone, "from the records": steps(fresh)}


def scoring_rates(recipe: Recipe, records: Path, weights: Path) -> dict[str, float]:
    """Pictures a second: the network on one batch again and again, and test pictures from records to detections."""
    device.use("cpu")
    model = build_detector(recipe.model, len(read_labels(records)))
    model.load_weights(weights)
    pictures = picture_batches(records, "test", recipe.model.input_size, BATCH).repeat().take(1 + _STEPS)
    batch = normalize(next(iter(pictures)))
    infer = tf.function(lambda given: model(given, training=False))
    for _ in range(_WARM):
        infer(batch)
    start = time.perf_counter()
    for _ in range(_STEPS):
        infer(batch)
    alone = _STEPS * len(batch) / (time.perf_counter() - start)
    found = run_keras(model, pictures.as_numpy_iterator(), make_anchors(recipe.model), recipe.convert.suppression)
    next(found)  # in which all is traced
    start = time.perf_counter()
    scored = sum(len(counts) for *_, counts in found)
    return {"one batch": alone, "from the records": scored / (time.perf_counter() - start)}
