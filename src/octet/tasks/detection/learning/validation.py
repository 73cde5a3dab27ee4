"""The validation split: the score that training chooses its weights by, and pictures that show what it is about."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from octet.common.tensorflow import keras, tf
from octet.data.reading.pictures import decode_jpeg, picture_batches
from octet.data.reading.records import read_pictures
from octet.recipe.detection import Model
from octet.tasks.detection.metric.average_precision import mean_area, rank_all
from octet.tasks.detection.metric.boxes import xywh_pixels_to_corners
from octet.tasks.detection.metric.detections import Detections, collect
from octet.tasks.detection.metric.truths import read_truths
from octet.tasks.detection.network.anchors import make_anchors
from octet.tasks.detection.network.prediction import BATCH, run_keras

_SHOWN = 4  # pictures
_MIN_SCORE = 0.3
_WHITE, _ORANGE = (255.0, 255.0, 255.0), (255.0, 140.0, 0.0)


class Validation:
    """Scores models on the split, and draws what was found in its first pictures."""

    metric = "val_map"

    def __init__(self, records: Path, shape: Model, classes: Sequence[str]) -> None:
        self._records, self._size, self._classes = records, shape.input_size, classes
        self._truths = read_truths(records, "val")
        self._anchors, self._suppression = make_anchors(shape), shape.suppression
        self._found: Detections | None = None

    def score(self, model: keras.Model) -> float:
        """The model's voc12_map."""
        pictures = picture_batches(self._records, "val", self._size, BATCH)
        self._found = collect(
            run_keras(model, pictures.as_numpy_iterator(), self._anchors, self._suppression), self._truths
        )
        return round(float(mean_area(rank_all(self._found, self._truths, self._classes))), 5)

    def show(self, _: keras.Model) -> None:
        """Write to TensorBoard the first pictures: objects in white, what the last scored model found in orange."""
        if self._found is None:
            return
        for index, (id, jpeg) in enumerate(islice(read_pictures(self._records, "val"), _SHOWN)):
            truth = self._truths[index]
            chosen = (self._found.picture == index) & (self._found.scores >= _MIN_SCORE)
            corners = xywh_pixels_to_corners(self._found.boxes[chosen], truth.height, truth.width)
            boxes = np.concatenate([truth.boxes, corners]).astype(np.float32)
            colours = [_WHITE] * len(truth.boxes) + [_ORANGE] * len(corners)
            picture = tf.cast(decode_jpeg(jpeg), tf.float32)
            if colours:
                # The op cycles through its colours box by box.
                picture = tf.image.draw_bounding_boxes(picture[None], boxes[None], colours)[0]
            tf.summary.image(f"val/{id}", tf.cast(picture, tf.uint8)[None])
