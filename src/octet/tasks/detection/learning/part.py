"""What the training stages need of a detector: batches, losses and validation."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from octet.common.replicas import max_over_processes
from octet.common.tensorflow import tf
from octet.data.augmentation.batches import WHOLE, Part, open_examples, training_batches
from octet.data.reading.records import count_records
from octet.recipe.detection import Recipe, Training
from octet.tasks.detection.learning.examples import (
    make_example_preparer,
    most_objects_of,
    numbered_examples,
    read_examples,
)
from octet.tasks.detection.learning.loss import distillation_losses, supervised_losses
from octet.tasks.detection.learning.validation import DetectionValidation
from octet.tasks.detection.network.cells import make_cells


class Learning:
    """Gives the training loop a detector's batches, losses and validation, for a list of classes."""

    def __init__(self, recipe: Recipe, classes: Sequence[str]) -> None:
        self.model, self._classes = recipe.model, classes
        self._cells = make_cells(recipe.model.input_size, recipe.model.strides)

    def batches(self, records: Path, plan: Training, start: int, part: Part = WHOLE) -> tf.data.Dataset:
        """Batches from step `start` on: ids [N], pictures [N, S, S, 3], and boxes [N, G, 4] with classes [N, G]."""
        examples, verified = open_examples(
            partial(read_examples, records, "train"), partial(numbered_examples, records, "train"), part
        )
        pictures = count_records(records, "train")
        most_objects = max_over_processes(most_objects_of(verified))
        prepare = make_example_preparer(self.model, plan, most_objects)
        return training_batches(examples, pictures, plan, start, part, prepare)

    def losses(self, plan: Training) -> "protocol.LossFunction":
        """The function that computes the losses of predictions against targets."""
        return partial(supervised_losses, cells=self._cells, plan=plan)

    def distillation_losses(self, plan: Training) -> "protocol.LossFunction":
        """The function that computes the losses of the network's predictions against a teacher's."""
        return partial(distillation_losses, cells=self._cells, config=plan.loss)

    def validation(self, records: Path) -> DetectionValidation:
        """The validation on the validation split of these records."""
        return DetectionValidation(records, self.model, self._classes)


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Learning] = Learning
