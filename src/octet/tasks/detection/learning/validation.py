"""Validation: the score by which training chooses the best weights, and pictures of the detections for TensorBoard."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from octet.common.tensorflow import keras, tf
from octet.data.reading.pictures import decode_jpeg, picture_batches
from octet.data.reading.records import read_pictures
from octet.recipe.detection import Model
from octet.tasks.detection.metric.average_precision import mean_average_precision, rank_by_class
from octet.tasks.detection.metric.boxes import xywh_pixels_to_corners
from octet.tasks.detection.metric.detections import Detections, tabulate_detections
from octet.tasks.detection.metric.truths import read_truths
from octet.tasks.detection.network.cells import make_cells
from octet.tasks.detection.network.prediction import BATCH, run_keras

_SHOWN = 4  # pictures
_MIN_SCORE = 0.3  # of the detections that are drawn
_WHITE, _ORANGE = (255.0, 255.0, 255.0), (255.0, 140.0, 0.0)


class DetectionValidation:
    """Scores models on the validation split, and draws the detections in its first pictures."""

    metric = "val_map"

    def __init__(self, records: Path, model: Model, classes: Sequence[str]) -> None:
        self._records, self._size, self._classes = records, model.input_size, classes
        self._truths = read_truths(records, "val")
        self._cells, self._suppression = make_cells(model.input_size, model.strides), model.suppression
        self._detections: Detections | None = None

    def score(self, network: keras.Model) -> float:
        """The network's VOC2012 mean average precision on the validation split."""
        pictures = picture_batches(self._records, "val", self._size, BATCH)
        self._detections = tabulate_detections(
            run_keras(network, pictures.as_numpy_iterator(), self._cells, self._suppression), self._truths
        )
        return round(float(mean_average_precision(rank_by_class(self._detections, self._truths, self._classes))), 5)

    def show(self, _: keras.Model) -> None:
        """Write the first pictures to TensorBoard: ground truth in white, the last scored detections in orange."""
        if self._detections is None:
            return
        for index, (id, jpeg) in enumerate(islice(read_pictures(self._records, "val"), _SHOWN)):
            truth = self._truths[index]
            chosen = (self._detections.picture == index) & (self._detections.scores >= _MIN_SCORE)
            corners = xywh_pixels_to_corners(self._detections.boxes[chosen], truth.height, truth.width)
            boxes = np.concatenate([truth.boxes, corners]).astype(np.float32)
            colours = [_WHITE] * len(truth.boxes) + [_ORANGE] * len(corners)
            picture = tf.cast(decode_jpeg(jpeg), tf.float32)
            if colours:
                # The op cycles through its colours box by box.
                picture = tf.image.draw_bounding_boxes(picture[None], boxes[None], colours)[0]
            tf.summary.image(f"val/{id}", tf.cast(picture, tf.uint8)[None])
