"""A whole training of a stage: from records to the best weights and the history."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from octet.common.errors import UserError
from octet.common.files import whole_folder
from octet.common.tensorflow import keras, tf
from octet.data.reading.records import count
from octet.recipe.shared.recipe import Training
from octet.training.best import BestWeights
from octet.training.checkpoints import Checkpoints
from octet.training.fit import Duration, fit
from octet.training.history import History, Show
from octet.training.networks import Networks
from octet.training.schedule import WarmupCosine
from octet.training.scratch import unfinished
from octet.training.update import Update

if TYPE_CHECKING:
    from octet.tasks.protocol import Learning


@dataclass(frozen=True)
class Places:
    """Where a training reads and writes."""

    records: Path
    starts_from: Sequence[Path]  # the weights that it began with
    scratch: Path  # checkpoints, and TensorBoard's events
    output: Path  # where weights.h5 and history.csv go


def run_training(
    learning: "Learning", networks: Networks, plan: Training, places: Places, shows: Sequence[Show] = ()
) -> None:
    """Train on the records to the end of the plan, and write the best weights and the history."""
    steps = count(places.records, "train") // plan.batch
    if not steps:
        raise UserError(f"the train split has fewer pictures than one batch of {plan.batch}: lower batch")
    duration = Duration(plan.epochs, steps, plan.validate_every)
    schedule = make_schedule(plan, steps)
    update = make_update(learning, networks, plan, schedule)
    validation = learning.validation(places.records)
    inputs = [learning.model.model_dump(), plan.model_dump()]
    with unfinished(places.scratch, inputs, [*places.records.iterdir(), *places.starts_from]) as folder:
        best = BestWeights(folder / "best.h5", validation.score)
        events = places.scratch / "tensorboard"
        history = History(events, duration.epochs, plan.batch, validation.metric, [validation.show, *shows])
        history.describe({"model": learning.model.model_dump(), **plan.model_dump()})
        checkpoints = Checkpoints(folder, folder.name, update.variables)
        batches = partial(learning.batches, places.records, plan)
        fit(places.scratch.name, duration, update, batches, schedule, best, history, checkpoints)
        with whole_folder(places.output) as output:
            shutil.copyfile(best.file, output / "weights.h5")
            (output / "history.csv").write_text(history.as_csv())


def make_schedule(plan: Training, steps_per_epoch: int) -> WarmupCosine:
    """The learning rate of every step."""
    return WarmupCosine(plan.learning_rate, round(steps_per_epoch * plan.warmup_epochs), steps_per_epoch * plan.epochs)


def make_update(learning: "Learning", networks: Networks, plan: Training, schedule: WarmupCosine) -> Update:
    """The step of a training."""
    # The legacy optimizer updates each variable with one fused op: a third faster on a small network.
    optimizers = [(keras.optimizers.legacy.Adam(schedule.scaled(share)), of) for share, of in networks.rates]
    losses, distillation_losses = learning.losses(plan), learning.distillation_losses(plan)
    weight = networks.distillation_weight

    def compared(
        pictures: tf.Tensor, targets: Sequence[tf.Tensor], predictions: Sequence[tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        labelled = losses(targets, predictions)
        if not networks.teacher:
            return labelled
        taught = distillation_losses(networks.teacher(pictures, training=False), predictions)
        return {name: (1 - weight) * labelled[name] + weight * taught[name] for name in labelled}

    return Update(
        networks.trained, networks.averaged, compared, optimizers, plan.ema_decay, plan.micro_batches, plan.xla
    )
