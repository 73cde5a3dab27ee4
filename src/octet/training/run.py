"""A whole training of a stage: from records to the best weights and the history."""

import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from octet.dataset.pipeline import training_batches
from octet.dataset.records import count
from octet.detector.anchors import make_anchors
from octet.detector.loss import distillation_losses, losses
from octet.detector.matching import targets
from octet.errors import UserError
from octet.files import whole_folder
from octet.recipe import Model, Training
from octet.tensorflow import keras, tf
from octet.training.best import BestWeights
from octet.training.checkpoints import Checkpoints
from octet.training.fit import Course, fit
from octet.training.history import History, Show
from octet.training.networks import Networks
from octet.training.schedule import WarmupCosine
from octet.training.scratch import unfinished
from octet.training.update import Update


def run_training(
    networks: Networks,
    shape: Model,
    plan: Training,
    records: Path,
    score: Callable[[keras.Model], float],
    shows: Sequence[Show],
    starts_from: Sequence[Path],
    scratch: Path,
    output: Path,
) -> None:
    """Train on the records and write `output`/{weights.h5,history.csv}; `starts_from` are the weights it began with."""
    steps = count(records, "train") // plan.batch
    if not steps:
        raise UserError(f"the train split has fewer pictures than one batch of {plan.batch}: lower batch")
    course = Course(plan.epochs, steps, plan.validate_every)
    schedule = make_schedule(plan, steps)
    update = make_update(networks, plan, schedule)
    inputs = [shape.model_dump(), plan.model_dump()]
    with unfinished(scratch, inputs, [*records.iterdir(), *starts_from]) as folder:
        best = BestWeights(folder / "best.h5", score)
        history = History(scratch / "tensorboard", course.epochs, plan.batch, shows)
        history.describe({"model": shape.model_dump(), **plan.model_dump()})
        checkpoints = Checkpoints(folder, folder.name, update.variables)
        fit(
            scratch.name,
            course,
            update,
            partial(make_batches, records, shape, plan),
            schedule,
            best,
            history,
            checkpoints,
        )
        with whole_folder(output) as partial_output:
            shutil.copyfile(best.file, partial_output / "weights.h5")
            (partial_output / "history.csv").write_text(history.as_csv())


def make_schedule(plan: Training, steps_per_epoch: int) -> WarmupCosine:
    """The learning rate of every step."""
    return WarmupCosine(plan.learning_rate, round(steps_per_epoch * plan.warmup_epochs), steps_per_epoch * plan.epochs)


def make_update(networks: Networks, plan: Training, schedule: WarmupCosine) -> Update:
    """The step of a training."""
    # The legacy optimizer updates each variable with one fused op: a third faster on a small network.
    optimizers = [(keras.optimizers.legacy.Adam(schedule.scaled(share)), of) for share, of in networks.rates]

    def compared(pictures: tf.Tensor, wanted: Sequence[tf.Tensor], said: Sequence[tf.Tensor]) -> dict[str, tf.Tensor]:
        labelled = losses(wanted, said, plan.loss)
        if not networks.teacher:
            return labelled
        taught = distillation_losses(networks.teacher(pictures, training=False), said, plan.loss)
        return {name: (1 - networks.taught) * labelled[name] + networks.taught * taught[name] for name in labelled}

    return Update(networks.trained, networks.averaged, compared, optimizers, plan.average, plan.parts, plan.xla)


def make_batches(records: Path, shape: Model, plan: Training, start: int) -> tf.data.Dataset:
    """What the steps from `start` on are given."""
    encode = partial(targets, anchors=make_anchors(shape), how=plan.matching)
    return training_batches(records, shape.input_size, plan, start, encode)
