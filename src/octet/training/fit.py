"""The loop of a training: steps, epochs, checkpoints, scores, and its end."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from octet.errors import UserError
from octet.progress import Progress
from octet.tensorflow import tf
from octet.training.best import BestWeights
from octet.training.checkpoints import Checkpoints
from octet.training.history import History
from octet.training.interruption import told_to_stop
from octet.training.schedule import WarmupCosine
from octet.training.update import Update

# From a step on: ids of pictures [N], pictures [N, S, S, 3], what the network should say of them
Batches = Callable[[int], Iterable[tuple[tf.Tensor, tf.Tensor, tuple[tf.Tensor, ...]]]]


@dataclass(frozen=True)
class Course:
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
    course: Course,
    update: Update,
    batches: Batches,
    schedule: WarmupCosine,
    best: BestWeights,
    history: History,
    checkpoints: Checkpoints,
) -> None:
    """Run to the end of the course, from where the last checkpoint stands."""
    begun = checkpoints.restore()
    step = begun["step"] if begun else 0
    if begun:
        history.restore(begun["history"])
        best.score = begun["best"]
        print(f"going on after step {step} of {course.steps}", flush=True)

    with told_to_stop() as told, Progress(title, course.steps, "steps", initial=step, interval=300) as progress:
        if not begun:
            progress.say(history.begin(best.keep(update.averaged)))
        for ids, pictures, targets in batches(step):
            losses = {name: float(value) for name, value in update(pictures, targets).items()}
            step += 1
            if not math.isfinite(sum(losses.values())):
                raise UserError(_lost(losses, step, course, float(schedule(step - 1)), ids.numpy()))
            history.add(losses)
            progress.advance()
            if step % course.steps_per_epoch == 0:
                epoch = step // course.steps_per_epoch
                score = best.keep(update.averaged) if course.is_scored(epoch) else None
                progress.say(history.close(epoch, float(schedule(step - 1)), score))
                if score is not None:
                    history.show(epoch, update.averaged)
            stopping = told()  # asked once: told between saving and stopping, it would stop unsaved
            if stopping or checkpoints.due() or step == course.steps:
                checkpoints.save(step, {"history": history.notes(), "best": best.score})
            if stopping:
                raise KeyboardInterrupt


def _lost(losses: dict[str, float], step: int, course: Course, rate: float, ids: NDArray[np.bytes_]) -> str:
    said = ", ".join(f"{name} {value:g}" for name, value in losses.items())
    pictures = " ".join(picture.decode() for picture in ids)
    epoch = (step - 1) // course.steps_per_epoch + 1
    return (
        f"the loss is lost ({said}) at step {step} of {course.steps}, epoch {epoch}, "
        f"with the learning rate {rate:.3g}, on the pictures {pictures}: "
        "lower learning_rate, and look at these pictures' boxes"
    )
