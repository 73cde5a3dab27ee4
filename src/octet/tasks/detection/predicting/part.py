"""What detectors find in the test pictures: Keras models, files that end in detections, and files that end in heads."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from octet.common.tensorflow import keras
from octet.recipe.detection import Recipe
from octet.tasks.detection.metric.detections import Found, collect, to_coco
from octet.tasks.detection.metric.truths import read_truths
from octet.tasks.detection.network.anchors import make_anchors
from octet.tasks.detection.network.prediction import run_keras
from octet.tasks.detection.network.suppression import detect
from octet.tflite.running.running import run_tflite

Pictures = Iterable[NDArray[np.uint8]]
_HEADS = 2  # outputs of a file that ends in them


class Predicting:
    """Runs models over the test split; what they find is written in COCO's results format."""

    def __init__(self, recipe: Recipe, classes: Sequence[str], records: Path) -> None:
        del classes
        self._truths = read_truths(records, "test")
        self._anchors, self._suppression = make_anchors(recipe.model), recipe.model.suppression

    def network_outputs(self, network: keras.Model, pictures: Pictures) -> Iterator[Found]:
        """What a Keras model finds in each batch."""
        return run_keras(network, pictures, self._anchors, self._suppression)

    def file_outputs(self, file: Path, pictures: Pictures) -> Iterator[Found]:
        """What a file finds in each batch; where it ends in heads, what the runtime's op does happens here."""
        anchors = None
        for batch in run_tflite(file, pictures):
            if len(batch) != _HEADS:
                yield batch  # type: ignore[misc]  # the op's four outputs are a Found
                continue
            anchors = np.load(file.with_name("anchors.npy")) if anchors is None else anchors
            codes, scores = batch
            yield tuple(of.numpy() for of in detect(codes, scores, anchors, self._suppression))  # type: ignore[misc]

    def collect(self, outputs: Iterable[Found]) -> list[dict[str, Any]]:
        """Everything that was found in the test pictures."""
        return to_coco(collect(outputs, self._truths), self._truths)


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Predicting] = Predicting
