"""Validation: the score that training chooses the best weights by, and pictures with the answers for TensorBoard."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from tabulate import tabulate

from octet.common.tensorflow import keras, tf
from octet.data.reading.pictures import decode_jpeg, picture_batches
from octet.data.reading.records import read_pictures
from octet.recipe.classification import Model
from octet.tasks.classification.learning.captions import write_under
from octet.tasks.classification.metric.answers import Answers, rank_classes, top_share
from octet.tasks.classification.metric.truths import read_truths
from octet.tasks.classification.network.prediction import BATCH, TracedNetwork

_SHOWN, _TOP = 8, 3  # pictures, and answers for each


class ClassificationValidation:
    """Scores models on the validation split, and shows their answers for its first pictures."""

    metric = "val_top1"

    def __init__(self, records: Path, model: Model, classes: Sequence[str]) -> None:
        self._records, self._size, self._classes = records, model.input_size, classes
        self._truths = read_truths(records, "val")
        self._answers: Answers | None = None
        self._traced: TracedNetwork | None = None

    def score(self, network: keras.Model) -> float:
        """The share of the validation pictures of which the network says the right class."""
        if self._traced is None or self._traced.model is not network:
            self._traced = TracedNetwork(network)
        pictures = picture_batches(self._records, "val", self._size, BATCH)
        self._answers = rank_classes(self._traced.probabilities(pictures.as_numpy_iterator()))
        return round(top_share(self._answers, self._truths, 1), 5)

    def show(self, _: keras.Model) -> None:
        """Write the first pictures to TensorBoard, each with its class and the last scored answers, and a table."""
        if self._answers is None:
            return
        rows = []
        for index, (id, jpeg) in enumerate(islice(read_pictures(self._records, "val"), _SHOWN)):
            best = zip(self._answers.classes[index, :_TOP], self._answers.scores[index, :_TOP], strict=True)
            told = [f"{self._classes[class_]} {score:.2f}" for class_, score in best]
            class_name = self._classes[self._truths.classes[index]]
            lines = [f"is {class_name}", f"answers: {told[0]}", *told[1:]]
            tf.summary.image(f"val/{id}", write_under(decode_jpeg(jpeg).numpy(), lines)[None])
            rows.append((id, class_name, *told))
        head = ("picture", "class", *(f"answer {number + 1}" for number in range(len(rows[0]) - 2)))
        tf.summary.text("val/answers", tabulate(rows, head, tablefmt="github", disable_numparse=True))
