"""One training: the losses, the schedule, the callbacks, and the fit that they hang on."""

import math
import sys
from collections.abc import Callable
from pathlib import Path

from octet.detector.loss import box_loss, class_loss
from octet.errors import UserError
from octet.recipe import TrainFloat
from octet.tensorflow import keras, tf
from octet.training.best import BestWeights
from octet.training.resume import Resume
from octet.training.schedule import WarmupCosine


def train(
    model: keras.Model,
    batches: Callable[[range], tf.data.Dataset],
    steps_per_epoch: int,
    plan: TrainFloat,
    score: Callable[[keras.Model], float],
    folder: Path,
    events: Path,
) -> tuple[Path, str]:
    """Train to the end of the plan, taking up what `folder` holds; the best weights' file and the history as CSV."""
    steps = steps_per_epoch * plan.epochs
    warmup = round(steps_per_epoch * plan.warmup_epochs)
    model.compile(
        # The legacy optimizer updates each variable with one fused op: a third faster on a small network.
        optimizer=keras.optimizers.legacy.Adam(WarmupCosine(plan.learning_rate, warmup, steps)),
        loss=[
            lambda target, codes: box_loss(target, codes, plan.loss),
            lambda target, logits: class_loss(target, logits, plan.loss),
        ],
    )
    best = BestWeights(folder / "best.h5", score, plan.validate_every, plan.epochs)
    resume = Resume(folder, model, {"best": best.best})
    model.fit(
        batches(range(resume.epochs_done, plan.epochs)),
        initial_epoch=resume.epochs_done,
        epochs=plan.epochs,
        steps_per_epoch=steps_per_epoch,
        callbacks=[
            StopOnNan(),
            best,
            keras.callbacks.TensorBoard(events, write_graph=False, profile_batch=0),
            resume,
        ],
        verbose=1 if sys.stdout.isatty() else 2,
    )
    return best.file, resume.history_csv()


class StopOnNan(keras.callbacks.Callback):
    """Ends a training that has lost itself."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        loss = (logs or {})["loss"]
        if not math.isfinite(loss):
            raise UserError(f"the loss became {loss} in epoch {epoch + 1}: lower learning_rate, then run again")
