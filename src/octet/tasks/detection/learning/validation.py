"""Validation: the score by which training chooses the best weights, and pictures of the detections for TensorBoard."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from octet.common.tensorflow import keras, tf
from octet.data.reading.pictures import picture_batches
from octet.data.reading.records import read_pictures
from octet.recipe.detection import Model
from octet.tasks.detection.learning.pictures import Told, draw_told
from octet.tasks.detection.metric.average_precision import mean_average_precision, rank_by_class
from octet.tasks.detection.metric.boxes import xywh_pixels_to_corners
from octet.tasks.detection.metric.detections import Detections, tabulate_detections
from octet.tasks.detection.metric.truths import read_truths
from octet.tasks.detection.network.cells import make_cells
from octet.tasks.detection.network.prediction import BATCH, TracedNetwork

_SHOWN = 4  # pictures
_MIN_SCORE = 0.3  # of the detections that are drawn


class DetectionValidation:
    """Scores models on the validation split, and draws the detections in its first pictures."""

    metric = "val_map"

    def __init__(self, records: Path, model: Model, classes: Sequence[str]) -> None:
        self._records, self._size, self._classes = records, model.input_size, classes
        self._truths = read_truths(records, "val")
        self._cells, self._suppression = make_cells(model.input_size, model.strides), model.suppression
        self._detections: Detections | None = None
        self._traced: TracedNetwork | None = None

    def score(self, network: keras.Model) -> float:
        """The network's VOC2012 mean average precision on the validation split."""
        if self._traced is None or self._traced.model is not network:
            self._traced = TracedNetwork(network, self._cells, self._suppression)
        pictures = picture_batches(self._records, "val", self._size, BATCH)
        self._detections = tabulate_detections(self._traced.detections(pictures.as_numpy_iterator()), self._truths)
        return round(float(mean_average_precision(rank_by_class(self._detections, self._truths, self._classes))), 5)

    def show(self, _: keras.Model) -> None:
        """Write the first pictures to TensorBoard, with the ground truth and the detections that were scored last."""
        if self._detections is None:
            return
        for index, (id, jpeg) in enumerate(islice(read_pictures(self._records, "val"), _SHOWN)):
            truth, found = self._truths[index], self._detections
            chosen = np.flatnonzero((found.picture == index) & (found.scores >= _MIN_SCORE))
            corners = xywh_pixels_to_corners(found.boxes[chosen], truth.height, truth.width)
            captions = [f"{self._classes[found.classes[each]]} {found.scores[each]:.2f}" for each in chosen]
            there = Told(truth.boxes, [self._classes[class_] for class_ in truth.classes])
            tf.summary.image(f"val/{id}", draw_told(jpeg, there, Told(corners, captions))[None])
