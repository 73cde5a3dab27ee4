"""The loop of a training: its steps, epochs, validations and checkpoints."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from octet.common.errors import UserError
from octet.common.interruption import stop_requested
from octet.common.progress import Progress
from octet.common.replicas import assign_locally, local_value
from octet.common.tensorflow import tf
from octet.training.checkpoints import Checkpoints
from octet.training.history import History
from octet.training.kept import KeptWeights
from octet.training.schedule import WarmupCosine
from octet.training.strategy import Team
from octet.training.update import Update

# The number of finished steps -> the batches of the steps after it: picture ids [N], pictures [N, S, S, 3] and targets
Batches = Callable[[int], Iterable[tuple[tf.Tensor, tf.Tensor, tuple[tf.Tensor, ...]]]]


@dataclass(frozen=True)
class Duration:
    """How many steps a training has, in epochs of how many, and how often it is validated."""

    total_steps: int
    steps_per_epoch: int
    validate_every: int  # epochs

    @property
    def epochs(self) -> int:
        """The number of epochs, of which the last may be shorter than the others."""
        return math.ceil(self.total_steps / self.steps_per_epoch)

    def is_validated(self, epoch: int) -> bool:
        """Whether the network is validated after an epoch, counted from 1; after the last one it always is."""
        return epoch % self.validate_every == 0 or epoch == self.epochs


def run_steps(
    title: str,
    duration: Duration,
    update: Update,
    batches: Batches,
    schedule: WarmupCosine,
    kept: KeptWeights,
    history: History,
    checkpoints: Checkpoints,
    team: Team,
) -> None:
    """Run a training's steps to its end, from the last checkpoint on where there is one.

    Where a stop is requested of any process, a checkpoint is saved after the step and KeyboardInterrupt raised.
    """
    restored = checkpoints.restore()
    step, total = 0, duration.total_steps
    if restored:
        state, kept.content = restored
        step, kept.score = state["step"], state["best_score"]
        history.load_state(state["history"])
        print(f"going on after step {step} of {total}", flush=True)

    with stop_requested() as is_stop_requested, Progress(title, total, "steps", initial=step, interval=300) as progress:
        if not restored:
            progress.say(history.start(kept.score_and_keep(update.averaged)))
        _begin_together(step, update, team)
        with team.waiting():
            following = batches(step)
        for ids, pictures, targets in following:
            with team.waiting():
                losses = {name: float(value) for name, value in update(pictures, targets).items()}
            step += 1
            if not math.isfinite(sum(losses.values())):
                raise UserError(_loss_error(losses, step, duration, float(schedule(step - 1)), _own(ids, team)))
            history.add_step(losses)
            progress.advance()
            if step % duration.steps_per_epoch == 0 or step == total:
                epoch = math.ceil(step / duration.steps_per_epoch)
                score = kept.score_and_keep(update.averaged) if duration.is_validated(epoch) else None
                progress.say(history.end_epoch(epoch, float(schedule(step - 1)), score))
                if score is not None:
                    history.write_summaries(epoch, update.averaged)
            # Asked once: a request that came after saving would stop without saving.
            stopping = team.agree(is_stop_requested())
            if stopping or checkpoints.is_due() or step == total:
                checkpoints.save(step, {"history": history.state(), "best_score": kept.score}, kept.content)
            if stopping:
                raise KeyboardInterrupt


def follow_steps(update: Update, batches: Batches, team: Team) -> None:
    """Compute this process's part of every step that the chief's process runs, until that has written all results."""
    step = _begin_together(0, update, team)
    with team.waiting():
        following = batches(step)
    with stop_requested() as is_stop_requested:
        for ids, pictures, targets in following:
            with team.waiting():
                loss = sum(map(float, update(pictures, targets).values()))
            if not math.isfinite(loss):
                names = _names(_own(ids, team))
                raise UserError(f"the loss is not finite, perhaps because of this process's pictures: {names}")
            if team.agree(is_stop_requested()):
                raise KeyboardInterrupt
    team.meet()


def _begin_together(step: int, update: Update, team: Team) -> int:
    """Take over the chief's variables and its number of finished steps, in every process."""
    variables = [variable for group in update.variables.values() for variable in group]
    begun, *values = team.take_from_chief([tf.constant(step, tf.int64), *map(local_value, variables)])
    if not team.is_chief:
        for variable, value in zip(variables, values, strict=True):
            assign_locally(variable, value)
    return int(begun)


def _own(ids: tf.Tensor, team: Team) -> NDArray[np.bytes_]:
    """The ids of the pictures that this process has of a batch."""
    own: NDArray[np.bytes_] = tf.concat(team.strategy.experimental_local_results(ids), axis=0).numpy()
    return own


def _names(ids: NDArray[np.bytes_]) -> str:
    return " ".join(picture.decode() for picture in ids)


def _loss_error(
    losses: dict[str, float], step: int, duration: Duration, learning_rate: float, ids: NDArray[np.bytes_]
) -> str:
    """The message about a loss that is not finite: which, where in the training, and on which pictures."""
    values = ", ".join(f"{name} {value:g}" for name, value in losses.items())
    epoch = (step - 1) // duration.steps_per_epoch + 1
    return (
        f"the loss is not finite ({values}) at step {step} of {duration.total_steps}, epoch {epoch}, "
        f"with the learning rate {learning_rate:.3g}, on the pictures {_names(ids)}: "
        "lower learning_rate, and look at these pictures' annotations"
    )
