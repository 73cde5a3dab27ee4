"""What a detector brings to its trainings: batches, losses and validation."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from octet.common.tensorflow import tf
from octet.data.augmentation.batches import training_batches
from octet.data.reading.records import count_records
from octet.recipe.detection import Recipe, Training
from octet.tasks.detection.learning.examples import preparation
from octet.tasks.detection.learning.loss import distillation_losses, losses
from octet.tasks.detection.learning.validation import Validation
from octet.tasks.detection.metric.truths import read_examples

Losses = Callable[[Sequence[tf.Tensor], Sequence[tf.Tensor]], dict[str, tf.Tensor]]


class Learning:
    """How a detector of some classes learns."""

    def __init__(self, recipe: Recipe, classes: Sequence[str]) -> None:
        self.model, self._classes = recipe.model, classes

    def batches(self, records: Path, plan: Training, start: int) -> tf.data.Dataset:
        """Ids [N], pictures [N, S, S, 3], and box codes [N, A, 4] with classes [N, A] of the steps from `start` on."""
        examples, pictures = read_examples(records, "train"), count_records(records, "train")
        return training_batches(examples, pictures, plan, start, preparation(self.model, plan))

    def losses(self, plan: Training) -> Losses:
        """Of targets and predictions."""
        return partial(losses, config=plan.loss)

    def distillation_losses(self, plan: Training) -> Losses:
        """Of a teacher's predictions and the network's."""
        return partial(distillation_losses, config=plan.loss)

    def validation(self, records: Path) -> Validation:
        """The validation split of these records."""
        return Validation(records, self.model, self._classes)


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Learning] = Learning
