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

_LABELS_OF_AXIS, _CALIBRATION_OF_AXIS = 2, 4  # kinds of files whose lines belong to the entries along an axis
_CALIBRATION = "score_calibration.txt"
_INVERSE_LOGISTIC = 2  # g(p) = log(p / (1 - p))
_AS_IT_IS = "1,1,0"  # scale a, slope b and offset c of a score a / (1 + exp(-(b * g(p) + c))), which then is p


def _probabilities(classes: int) -> OutputsMetadata:
    """The metadata of the output: scores that mean what they say, and that a calibration can be written over."""
    calibration = {"score_transformation": _INVERSE_LOGISTIC, "default_score": 0.0}
    output = number_tensor(
        "probability",
        "Of each class, in the order of the labels; they add up to 1.",
        process_units=[{"options": {"ScoreCalibrationOptions": calibration}}],
        stats={"max": [1.0], "min": [0.0]},
        associated_files=[
            *label_files(_LABELS_OF_AXIS),
            {"name": _CALIBRATION, "description": "A class a line.", "type": _CALIBRATION_OF_AXIS},
        ],
    )
    # MediaPipe counts what follows the last end of a line as a line, too.
    return OutputsMetadata([output], files={_CALIBRATION: "\n".join([_AS_IT_IS] * classes)})


class Shipping:
    """Traces a classifier's graph, and describes the files that are made of it."""

    appended_operators: Mapping[int, Sequence[tuple[str, float]]] = MappingProxyType({})
    raw_arrays: Mapping[str, NDArray[Any]] = MappingProxyType({})

    def __init__(self, _: Recipe, classes: Sequence[str]) -> None:
        self.outputs = self.raw_outputs = _probabilities(len(classes))
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
