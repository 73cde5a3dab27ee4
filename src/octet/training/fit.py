"""The loop of a training: steps, epochs, checkpoints, scores, and its end."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from octet.common.errors import UserError
from octet.common.interruption import stop_requested
from octet.common.progress import Progress
from octet.common.tensorflow import tf
from octet.training.best import BestWeights
from octet.training.checkpoints import Checkpoints
from octet.training.history import History
from octet.training.schedule import WarmupCosine
from octet.training.update import Update

# From a step on: ids of pictures [N], pictures [N, S, S, 3], what the network should say of them
Batches = Callable[[int], Iterable[tuple[tf.Tensor, tf.Tensor, tuple[tf.Tensor, ...]]]]


@dataclass(frozen=True)
class Duration:
    """How long a training is, and when it is scored."""

    epochs: int
    steps_per_epoch: int
    score_every: int  # epochs

    @property
    def steps(self) -> int:
        return self.epochs * self.steps_per_epoch

    def is_scored(self, epoch: int) -> bool:
        """Whether an epoch, counted from 1, is: every few, and the last."""
        return epoch % self.score_every == 0 or epoch == self.epochs


def fit(
    title: str,
    duration: Duration,
    update: Update,
    batches: Batches,
    schedule: WarmupCosine,
    best: BestWeights,
    history: History,
    checkpoints: Checkpoints,
) -> None:
    """Run to the end, from where the last checkpoint stands."""
    begun = checkpoints.restore()
    step = begun["step"] if begun else 0
    if begun:
        history.restore(begun["history"])
        best.score = begun["best"]
        print(f"going on after step {step} of {duration.steps}", flush=True)

    with stop_requested() as told, Progress(title, duration.steps, "steps", initial=step, interval=300) as progress:
        if not begun:
            progress.say(history.begin(best.keep(update.averaged)))
        for ids, pictures, targets in batches(step):
            losses = {name: float(value) for name, value in update(pictures, targets).items()}
            step += 1
            if not math.isfinite(sum(losses.values())):
                raise UserError(_lost(losses, step, duration, float(schedule(step - 1)), ids.numpy()))
            history.add(losses)
            progress.advance()
            if step % duration.steps_per_epoch == 0:
                epoch = step // duration.steps_per_epoch
                score = best.keep(update.averaged) if duration.is_scored(epoch) else None
                progress.say(history.close(epoch, float(schedule(step - 1)), score))
                if score is not None:
                    history.show(epoch, update.averaged)
            stopping = told()  # asked once: told between saving and stopping, it would stop unsaved
            if stopping or checkpoints.due() or step == duration.steps:
                checkpoints.save(step, {"history": history.notes(), "best": best.score})
            if stopping:
                raise KeyboardInterrupt


def _lost(losses: dict[str, float], step: int, duration: Duration, rate: float, ids: NDArray[np.bytes_]) -> str:
    said = ", ".join(f"{name} {value:g}" for name, value in losses.items())
    pictures = " ".join(picture.decode() for picture in ids)
    epoch = (step - 1) // duration.steps_per_epoch + 1
    return (
        f"the loss is not finite ({said}) at step {step} of {duration.steps}, epoch {epoch}, "
        f"with the learning rate {rate:.3g}, on the pictures {pictures}: "
        "lower learning_rate, and look at these pictures' boxes"
    )
