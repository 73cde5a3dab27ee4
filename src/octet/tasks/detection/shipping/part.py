"""What of a detector goes into files: boxes, classes, scores and count; or its heads, as integers from end to end."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from octet.common.tensorflow import keras
from octet.recipe.detection import Recipe
from octet.tasks.detection.network.anchors import make_anchors
from octet.tasks.detection.shipping.graphs import EMPTY_CLASSES, trace_detector, trace_heads
from octet.tasks.detection.shipping.outputs import DETECTIONS, HEADS
from octet.tflite.files.conversion import TracedGraph


class Shipping:
    """A detector's files."""

    # Boxes are cut off at the picture's edges, and classes counted from 0: an empty slot's is 0, too.
    tail: Mapping[int, Sequence[tuple[str, float]]] = MappingProxyType(
        {0: (("MAXIMUM", 0), ("MINIMUM", 1)), 1: (("SUB", EMPTY_CLASSES), ("MAXIMUM", 0))}
    )
    outputs, raw_outputs = DETECTIONS, HEADS

    def __init__(self, recipe: Recipe, classes: Sequence[str]) -> None:
        self._anchors, self._suppression = make_anchors(recipe.model), recipe.model.suppression
        self.description = f"Finds {', '.join(classes)}."
        self.beside = {"anchors": self._anchors}

    def trace(self, network: keras.Model) -> TracedGraph:
        """Pictures to detections, decoded and suppressed inside."""
        return trace_detector(network, self._anchors, self._suppression)

    def trace_raw(self, network: keras.Model) -> TracedGraph:
        """Pictures to box codes and scores."""
        return trace_heads(network)


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Shipping] = Shipping
