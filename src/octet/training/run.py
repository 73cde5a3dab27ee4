"""The training of a stage: from records to the weights that are kept and the history."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from octet.common.errors import UserError
from octet.common.files import atomic_folder
from octet.common.replicas import count_replicas
from octet.common.tensorflow import keras, tf
from octet.data.augmentation.batches import total_steps
from octet.data.reading.records import count_records, read_class_names
from octet.recipe.shared.recipe import Training
from octet.training.batch_norm import synchronize_batch_norm
from octet.training.checkpoints import Checkpoints
from octet.training.dropout import make_dropout_repeatable
from octet.training.history import History, WriteSummaries, last_epoch
from octet.training.kept import KeptWeights, serialize_weights
from octet.training.loop import Duration, follow_steps, run_steps
from octet.training.networks import Networks
from octet.training.schedule import WarmupCosine
from octet.training.scratch import checkpoint_folder, fingerprint
from octet.training.strategy import Team, distributed_batches
from octet.training.update import Update

if TYPE_CHECKING:
    from octet.tasks.protocol import Learning


@dataclass(frozen=True)
class TrainingPaths:
    """The files and folders that a training reads and writes."""

    records: Path
    initial_weights: Sequence[Path]  # the weight files that its networks were loaded from
    scratch: Path  # checkpoints, and TensorBoard's events
    output: Path  # where weights.h5 and history.csv go
    before: Path | None = None  # the output of the training that this one goes on from


@contextmanager
def making_networks(learning: "Learning", plan: Training, paths: TrainingPaths, team: Team) -> Iterator[None]:
    """Make a training's networks: all processes have to make the same, for they exchange what these begin with.

    What they are to learn is at hand already, so that the code of losses and augmentation is compared as well.
    """
    # Not the records' content: a process reads no more than its share of them.
    records = sorted((file.name, file.stat().st_size) for file in paths.records.iterdir())
    inputs = [learning.model.model_dump(), plan.model_dump(), read_class_names(paths.records), records]
    with team.failures_explained():
        team.require_same(fingerprint(inputs, paths.initial_weights))
        with team.waiting(for_chief=True):
            yield


def run_training(
    learning: "Learning",
    networks: Networks,
    plan: Training,
    paths: TrainingPaths,
    team: Team,
    summaries: Sequence[WriteSummaries] = (),
    finish: Callable[[keras.Model], None] | None = None,
) -> None:
    """Train the networks, which the team's strategy made, on the records; write the kept weights and the history.

    Of several processes the chief alone validates and writes; the others end when it has. TensorBoard gets the
    validation's summaries and `summaries` after every validation but that of the start. `finish` changes the network
    with the kept weights before they are written.
    """
    steps = count_records(paths.records, "train") // plan.batch
    if not steps:
        raise UserError(f"the train split has fewer pictures than one batch of {plan.batch}: lower batch")
    duration = Duration(total_steps(plan.epochs, steps), steps, plan.validate_every)
    schedule = make_schedule(plan, steps)
    with team.failures_explained():
        with team.strategy.scope():
            update = make_update(learning, networks, plan, schedule)
        batches = partial(distributed_batches, learning, paths.records, plan, team.strategy)
        if not team.is_chief:
            follow_steps(update, batches, team)
            return
        validation = learning.validation(paths.records)
        inputs = [learning.model.model_dump(), plan.model_dump()]
        with checkpoint_folder(paths.scratch, inputs, [*paths.records.iterdir(), *paths.initial_weights]) as folder:
            kept = KeptWeights(validation.score, plan.keep)
            events = paths.scratch / "tensorboard"
            before = last_epoch(paths.before / "history.csv") if paths.before else 0
            shown = [validation.show, *summaries]
            history = History(events, duration.epochs, plan.batch, validation.metric, shown, before)
            history.write_hparams({"model": learning.model.model_dump(), **plan.model_dump()})
            checkpoints = Checkpoints(folder, folder.name, update.variables)
            run_steps(paths.scratch.name, duration, update, batches, schedule, kept, history, checkpoints, team)
            with atomic_folder(paths.output) as output:
                weights = output / "weights.h5"
                weights.write_bytes(kept.content)
                if finish:
                    networks.averaged.load_weights(weights)
                    finish(networks.averaged)
                    weights.write_bytes(serialize_weights(networks.averaged))
                (output / "history.csv").write_text(history.as_csv())
            team.meet()  # while the checkpoints are there: where a process is lost now, a rerun goes on from the last


def make_schedule(plan: Training, steps_per_epoch: int) -> WarmupCosine:
    """The schedule of a plan: the learning rate of every step."""
    warmup = round(steps_per_epoch * plan.warmup_epochs)
    return WarmupCosine(plan.learning_rate, warmup, total_steps(plan.epochs, steps_per_epoch))


def make_update(learning: "Learning", networks: Networks, plan: Training, schedule: WarmupCosine) -> Update:
    """Make what updates the networks, step by step, with Adam, in the scope of the strategy that made them."""
    make_dropout_repeatable(networks.trained)
    if count_replicas() > 1:
        synchronize_batch_norm(networks.trained)
    # The legacy optimizer updates each variable with one fused op: a third faster on a small network.
    optimizers = [
        (keras.optimizers.legacy.Adam(schedule.scaled(share)), variables)
        for share, variables in networks.variable_groups
    ]
    losses, distillation_losses = learning.losses(plan), learning.distillation_losses(plan)
    weight = networks.distillation_weight

    def combined_losses(
        pictures: tf.Tensor, targets: Sequence[tf.Tensor], predictions: Sequence[tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        label_losses = losses(targets, predictions)
        if not networks.teacher:
            return label_losses
        taught = tf.nest.map_structure(tf.stop_gradient, networks.teacher(pictures, training=False))
        teacher_losses = distillation_losses(taught, predictions)
        return {name: (1 - weight) * label_losses[name] + weight * teacher_losses[name] for name in label_losses}

    return Update(
        networks.trained,
        networks.averaged,
        combined_losses,
        optimizers,
        ema_decay=plan.ema_decay,
        micro_batches=plan.micro_batches,
        at_once=plan.at_once,
        xla=plan.xla,
    )
