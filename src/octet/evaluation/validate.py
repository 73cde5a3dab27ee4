"""The score that training chooses its weights by."""

from collections.abc import Callable
from pathlib import Path

from octet.dataset.pipeline import picture_batches
from octet.dataset.records import read_truths
from octet.detector.anchors import make_anchors
from octet.evaluation.detections import collect
from octet.evaluation.keras_model import BATCH, run_keras
from octet.evaluation.score import mean_area, rank_all
from octet.recipe import Model, Suppression
from octet.tensorflow import keras

# Its own, so that what the shipped file does with its detections retrains nothing.
_SUPPRESSION = Suppression(score_threshold=0.02, iou_threshold=0.5, max_detections=100)


def validation_score(records: Path, shape: Model, classes: tuple[str, ...]) -> Callable[[keras.Model], float]:
    """A function that gives a model's voc12_map on the validation split."""
    truths, anchors = read_truths(records, "val"), make_anchors(shape)

    def score(model: keras.Model) -> float:
        pictures = picture_batches(records, "val", shape.input_size, BATCH)
        found = run_keras(model, pictures.as_numpy_iterator(), anchors, _SUPPRESSION)
        return round(float(mean_area(rank_all(collect(found, truths), truths, classes))), 5)

    return score
