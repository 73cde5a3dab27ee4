"""A whole training of a stage: from records to the best weights and the history."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from octet.dataset.pipeline import training_batches
from octet.dataset.records import count
from octet.detector.anchors import make_anchors
from octet.detector.matching import targets
from octet.errors import UserError
from octet.files import whole_folder
from octet.recipe import Model, TrainFloat
from octet.tensorflow import keras, tf
from octet.training.fit import train
from octet.training.scratch import unfinished


def run_training(
    model: keras.Model,
    shape: Model,
    plan: TrainFloat,
    records: Path,
    score: Callable[[keras.Model], float],
    starts_from: list[Path],
    scratch: Path,
    output: Path,
) -> None:
    """Train on the records and write `output`/{weights.h5,history.csv}; `starts_from` are the weights it began with."""
    steps = count(records, "train") // plan.batch
    if not steps:
        raise UserError(f"the train split has fewer pictures than one batch of {plan.batch}: lower batch")
    encode = partial(targets, anchors=make_anchors(shape), how=plan.matching)

    def batches(epochs: range) -> tf.data.Dataset:
        return training_batches(records, shape.input_size, plan, epochs, encode)

    inputs = [shape.model_dump(), plan.model_dump()]
    with unfinished(scratch, inputs, [*records.iterdir(), *starts_from]) as folder:
        best, history = train(model, batches, steps, plan, score, folder, scratch / "tensorboard")
        with whole_folder(output) as partial_output:
            shutil.copyfile(best, partial_output / "weights.h5")
            (partial_output / "history.csv").write_text(history)
