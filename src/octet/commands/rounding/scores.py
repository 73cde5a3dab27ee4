"""The shipped file on the whole test split with other implementations of its operators, scored as `score` does."""

import importlib.metadata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from octet.common.files import read_json
from octet.common.progress import Progress
from octet.data.reading.pictures import picture_batches
from octet.data.reading.records import read_class_names
from octet.measuring.bootstrap import draw_resamples
from octet.measuring.evaluation import Variant
from octet.measuring.files import FileFacts
from octet.measuring.kernels import SHIPPED, KernelScores, variant_name
from octet.measuring.ledger import compare_steps, compute_ledger
from octet.recipe.shared.recipe import Recipe
from octet.tasks import registry
from octet.tflite.running.running import run_tflite

if TYPE_CHECKING:
    from octet.tasks import protocol

_BATCH = 32  # pictures


def score_kernels(recipe: Recipe, file: Path, facts: FileFacts, kernels: Sequence[str]) -> KernelScores:
    """The scores with each of the kernels, and how they change from those that `evaluate` used."""
    records, reports = Path("data", recipe.name, "records"), Path("reports", recipe.name)
    scoring = registry.scoring(recipe, read_class_names(records), records)
    draws = draw_resamples(scoring.images, recipe.score.bootstrap, recipe.score.seed)
    predictions = {SHIPPED: read_json(reports / recipe.outputs_folder / f"{SHIPPED}.json", f"evaluate@{recipe.name}")}
    predictions |= {variant_name(name): _predict(recipe, file, records, name, scoring.images) for name in kernels}
    matched = {name: scoring.match_predictions(predicted) for name, predicted in predictions.items()}
    exact = {name: scoring.exact_metrics(of) for name, of in matched.items()}
    resampled = {name: scoring.resampled_metrics(of, draws) for name, of in matched.items()}
    comparable = {name: scoring.comparable(of) for name, of in matched.items()}
    steps = [(SHIPPED, name) for name in predictions if name != SHIPPED]
    return KernelScores(
        file=file.name,
        sha256=facts.sha256,
        runtime=f"ai-edge-litert {importlib.metadata.version('ai-edge-litert')}",
        pictures=scoring.images,
        variants={name: Variant.model_validate(scoring.scores(of)) for name, of in matched.items()},
        ledger=tuple(compute_ledger(recipe.max_drops, exact, resampled, steps)),
        comparisons=tuple(compare_steps(scoring.compare, comparable, steps)),
    )


def _predict(recipe: Recipe, file: Path, records: Path, kernels: str, pictures: int) -> Any:
    """What the file says of all test pictures with these kernels."""
    predicting = registry.predicting(recipe, records)
    batches = picture_batches(records, "test", recipe.model.input_size, _BATCH).as_numpy_iterator()
    with Progress(f"{kernels} kernels", pictures, "pictures") as progress:
        outputs = run_tflite(file, _counted(batches, progress), kernels)
        return predicting.collect(predicting.read_outputs(file, outputs))


def _counted(batches: "protocol.PictureBatches", progress: Progress) -> Iterator[NDArray[np.uint8]]:
    for batch in batches:
        yield batch
        progress.advance(len(batch))
