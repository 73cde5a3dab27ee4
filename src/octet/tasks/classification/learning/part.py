"""What the training stages need of a classifier: batches, losses and validation."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from octet.common.tensorflow import tf
from octet.data.augmentation.batches import WHOLE, Part, open_examples, training_batches
from octet.data.reading.records import count_records
from octet.recipe.classification import Recipe, Training
from octet.tasks.classification.learning.examples import make_example_preparer, numbered_examples, read_examples
from octet.tasks.classification.learning.loss import distillation_losses, supervised_losses
from octet.tasks.classification.learning.validation import ClassificationValidation


class Learning:
    """Gives the training loop a classifier's batches, losses and validation, for a list of classes."""

    def __init__(self, recipe: Recipe, classes: Sequence[str]) -> None:
        self.model, self._classes = recipe.model, classes

    def batches(self, records: Path, plan: Training, start: int, part: Part = WHOLE) -> tf.data.Dataset:
        """Batches from step `start` on: ids [N], pictures [N, S, S, 3], and classes [N]."""
        examples, _ = open_examples(
            partial(read_examples, records, "train"), partial(numbered_examples, records, "train"), part
        )
        pictures = count_records(records, "train")
        return training_batches(examples, pictures, plan, start, part, make_example_preparer(self.model, plan))

    def losses(self, plan: Training) -> "protocol.LossFunction":
        """The function that computes the losses of logits against classes."""
        return partial(supervised_losses, config=plan.loss)

    def distillation_losses(self, _: Training) -> "protocol.LossFunction":
        """The function that computes the losses of the network's logits against a teacher's."""
        return distillation_losses

    def validation(self, records: Path) -> ClassificationValidation:
        """The validation on the validation split of these records."""
        return ClassificationValidation(records, self.model, self._classes)


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Learning] = Learning
