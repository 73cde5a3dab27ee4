"""The graphs of a detector's files: one that gives detections, and one that gives raw heads, in integers throughout."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from octet.common.tensorflow import keras
from octet.recipe.detection import Recipe
from octet.tasks.detection.network.cells import make_cells
from octet.tasks.detection.shipping.graphs import EMPTY_CLASSES, trace_detector, trace_heads
from octet.tasks.detection.shipping.outputs import DETECTIONS, HEADS
from octet.tflite.files.conversion import TracedGraph


class Shipping:
    """Traces a detector's graphs, and describes the files that are made of them."""

    # Clips boxes to the picture, and makes classes count from 0; the class of an unused slot becomes 0, too.
    appended_operators: Mapping[int, Sequence[tuple[str, float]]] = MappingProxyType(
        {0: (("MAXIMUM", 0), ("MINIMUM", 1)), 1: (("SUB", EMPTY_CLASSES), ("MAXIMUM", 0))}
    )
    outputs, raw_outputs = DETECTIONS, HEADS

    def __init__(self, recipe: Recipe, classes: Sequence[str]) -> None:
        self._cells = make_cells(recipe.model.input_size, recipe.model.strides)
        self._suppression = recipe.model.suppression
        self.description = f"Finds {', '.join(classes)}."
        self.raw_arrays = {"anchors": self._cells}  # by the name that the runtime's operator has for them

    def trace_shipped(self, network: keras.Model) -> TracedGraph:
        """The graph from a picture to detections, with decoding and suppression inside."""
        return trace_detector(network, self._cells, self._suppression)

    def trace_raw(self, network: keras.Model) -> TracedGraph:
        """The graph from a picture to box codes and scores."""
        return trace_heads(network)


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Shipping] = Shipping
