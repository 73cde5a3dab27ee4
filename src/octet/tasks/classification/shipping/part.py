"""The graph of a classifier's files, and what their metadata says of them."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from octet.common.tensorflow import keras
from octet.recipe.classification import Recipe
from octet.tasks.classification.shipping.graphs import trace_classifier
from octet.tflite.files.conversion import TracedGraph
from octet.tflite.files.metadata import OutputsMetadata, label_files, number_tensor

_AXIS = 2  # the labels' lines name the entries along an axis

_PROBABILITIES = OutputsMetadata(
    [
        number_tensor(
            "probability",
            "Of each class, in the order of the labels; they add up to 1.",
            stats={"max": [1.0], "min": [0.0]},
            associated_files=label_files(_AXIS),
        )
    ]
)


class Shipping:
    """Traces a classifier's graph, and describes the files that are made of it."""

    appended_operators: Mapping[int, Sequence[tuple[str, float]]] = MappingProxyType({})
    outputs = raw_outputs = _PROBABILITIES
    raw_arrays: Mapping[str, NDArray[Any]] = MappingProxyType({})

    def __init__(self, _: Recipe, classes: Sequence[str]) -> None:
        self.description = f"Tells {', '.join(classes)} apart."

    def trace_shipped(self, network: keras.Model) -> TracedGraph:
        """The graph from a picture to the probabilities of the classes."""
        return trace_classifier(network)

    def trace_raw(self, network: keras.Model) -> TracedGraph:
        """The same graph, which has nothing but integers in it once it is quantized."""
        return trace_classifier(network)


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Shipping] = Shipping
