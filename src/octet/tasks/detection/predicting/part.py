"""Runs detectors over the test pictures: Keras models, and .tflite files whose outputs are detections or raw heads."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from octet.common.tensorflow import keras
from octet.recipe.detection import Recipe
from octet.tasks.detection.metric.detections import DetectionBatch, tabulate_detections, to_coco
from octet.tasks.detection.metric.truths import read_truths
from octet.tasks.detection.network.cells import make_cells
from octet.tasks.detection.network.prediction import TracedNetwork
from octet.tasks.detection.network.suppression import suppress
from octet.tflite.running.running import run_tflite

_HEADS = 2  # the number of outputs of a file that gives box codes and scores


class Predicting:
    """Runs models over the test split, and gives their detections in COCO's results format."""

    def __init__(self, recipe: Recipe, records: Path) -> None:
        self._truths = read_truths(records, "test")
        self._cells = make_cells(recipe.model.input_size, recipe.model.strides)
        self._suppression = recipe.model.suppression

    def network_outputs(self, network: keras.Model, batches: "protocol.PictureBatches") -> Iterator[DetectionBatch]:
        """The detections of a Keras model, batch by batch."""
        return TracedNetwork(network, self._cells, self._suppression).detections(batches)

    def file_outputs(self, file: Path, batches: "protocol.PictureBatches") -> Iterator[DetectionBatch]:
        """The detections of a .tflite file, batch by batch."""
        return self.read_outputs(file, run_tflite(file, batches))

    def read_outputs(self, file: Path, outputs: Iterable[tuple[NDArray[Any], ...]]) -> Iterator[DetectionBatch]:
        """The detections that a file's outputs stand for, batch by batch; raw heads are decoded and suppressed here."""
        cells = None
        for tensors in outputs:
            if len(tensors) != _HEADS:
                yield tensors  # type: ignore[misc]  # the operator's four outputs are a DetectionBatch
                continue
            cells = np.load(file.with_name("anchors.npy")) if cells is None else cells
            codes, scores = tensors
            detections = suppress(codes, scores, cells, self._suppression)
            yield tuple(tensor.numpy() for tensor in detections)  # type: ignore[misc]

    def collect(self, outputs: Iterable[DetectionBatch]) -> list[dict[str, Any]]:
        """The detections in all test pictures, in COCO's results format."""
        return to_coco(tabulate_detections(outputs, self._truths), self._truths)


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Predicting] = Predicting
