"""Converting a traced graph to TFLite files: in float, in half precision, with 8-bit weights, in integers."""

import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
from numpy.typing import NDArray

from octet.common.silence import silence
from octet.common.tensorflow import convert_variables_to_constants_v2, keras, tf, tflite, traced

FILE_IDENTIFIER = b"TFL3"
_ALIGNMENT = 16  # bytes, of a constant's data
_INT16_ACTIVATIONS = tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8

# Yields the samples for calibration: for each the only input of the model, in a list, or its inputs by name
Calibration = Callable[[], Iterable[Sequence[NDArray[Any]] | Mapping[str, NDArray[Any]]]]


@dataclass(frozen=True)
class TracedGraph:
    """A traced function that can be converted, as often as there are schemes."""

    function: Any  # a tf.types.experimental.ConcreteFunction
    owner: Any  # the object that holds its variables
    has_runtime_ops: bool = False  # ops of the TFLite runtime that TensorFlow does not know


def trace_graph(
    function: Callable[..., Any],
    variables: Sequence[tf.Variable],
    *inputs: tf.TensorSpec,
    has_runtime_ops: bool = False,
) -> TracedGraph:
    """Trace a function that uses `variables`, for inputs of fixed shapes."""
    # The converter saves all of the owner: of a Keras model it would trace each layer, which takes half a minute.
    owner = tf.Module()
    owner.all = variables
    return TracedGraph(traced(function).get_concrete_function(*inputs), owner, has_runtime_ops)


def trace_network(network: keras.Model, finish: Callable[..., Any], has_runtime_ops: bool = False) -> TracedGraph:
    """Trace a network for one picture [1, S, S, 3], and `finish`, which takes the network's outputs."""
    picture = tf.TensorSpec([1, *network.input_shape[1:]], tf.float32, "pictures")
    # The converter writes and reads all variables for each file, which takes longer than to convert it.
    with_variables = traced(lambda pictures: network(pictures, training=False)).get_concrete_function(picture)
    constant = convert_variables_to_constants_v2(with_variables)
    return trace_graph(lambda pictures: finish(*constant(pictures)), [], picture, has_runtime_ops=has_runtime_ops)


def to_float(graph: TracedGraph) -> bytes:
    """Convert to a file with float weights and float arithmetic."""
    return _finish(_converter(graph))


def to_float16(graph: TracedGraph) -> bytes:
    """Convert to a file with half-precision weights, at half the size."""
    converter = _optimizing_converter(graph)
    converter.target_spec.supported_types = [tf.float16]
    return _finish(converter)


def to_dynamic(graph: TracedGraph) -> bytes:
    """Convert to a file with 8-bit weights, whose activations are quantized with ranges found while it runs."""
    return _finish(_optimizing_converter(graph))


def to_integer(
    graph: TracedGraph,
    calibration: Calibration | None = None,
    input_type: tf.DType = tf.uint8,
    output_type: tf.DType = tf.float32,
    int16_activations: bool = False,
) -> bytes:
    """Convert to a file with integer arithmetic and 8-bit weights; activations have 8 bits, or 16.

    Ranges come from calibration samples or, without them, from the graph's fake quantization.
    """
    converter = _optimizing_converter(graph)
    if calibration:
        converter.representative_dataset = calibration
    if int16_activations:
        converter.target_spec.supported_ops = [_INT16_ACTIVATIONS, tf.lite.OpsSet.TFLITE_BUILTINS]
    converter.inference_input_type, converter.inference_output_type = input_type, output_type
    return _finish(converter)


def pack_model(model: Any, size: int) -> bytes:
    """The bytes of a file for a tflite.ModelT; `size` is an estimate of their number."""
    for graph in model.subgraphs:
        _name_apart(graph)
    builder = _Builder(size)
    builder.Finish(model.Pack(builder), FILE_IDENTIFIER)
    return bytes(builder.Output())


def _name_apart(graph: Any) -> None:
    """Give each tensor the name of the last of its fused layers, and no two the same.

    That would name a layer's bias like its output, and OpenVINO and RKNN-Toolkit2 tell tensors apart by name alone:
    the one then computes garbage without a word.
    """
    written = {int(index) for node in graph.operators for index in node.outputs}
    taken: set[bytes] = set()
    # What operators write keeps its name: layers are found by it.
    for index in sorted(range(len(graph.tensors)), key=lambda index: index not in written):
        tensor = graph.tensors[index]
        name = tensor.name.partition(b";")[0]  # the last of the fused layers comes first
        others = (b"%s/%d" % (name, number) for number in itertools.count(1))
        tensor.name = next(free for free in itertools.chain([name], others) if free not in taken)
        taken.add(tensor.name)


class _Builder(flatbuffers.Builder):
    """A builder that writes equal arrays once, and aligns them as the schema requires.

    The equal zero points of all channels are a sixth of a small detector's file.
    """

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._written: dict[tuple[str, bytes], int] = {}

    def CreateNumpyVector(self, x: NDArray[Any]) -> int:  # noqa: N802  # flatbuffers' name
        content = x.dtype.str, x.tobytes()
        if content not in self._written:
            self.Prep(_ALIGNMENT, x.nbytes)
            self._written[content] = super().CreateNumpyVector(x)
        return self._written[content]


def _converter(graph: TracedGraph) -> tf.lite.TFLiteConverter:
    converter = tf.lite.TFLiteConverter.from_concrete_functions([graph.function], graph.owner)
    converter.allow_custom_ops = graph.has_runtime_ops
    return converter


def _optimizing_converter(graph: TracedGraph) -> tf.lite.TFLiteConverter:
    converter = _converter(graph)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return converter


def _finish(converter: tf.lite.TFLiteConverter) -> bytes:
    with silence():
        content = converter.convert()
    model = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(content))
    _sort_outputs(model)
    return pack_model(model, len(content))


def _sort_outputs(model: Any) -> None:
    """Sort the outputs as the graph returns them; the converter changes their order."""
    (signature,) = model.signatureDefs
    numbers = {output.tensorIndex: _trailing_number(output.name) for output in signature.outputs}
    if None not in numbers.values():  # outputs with names of their own have no order
        model.subgraphs[signature.subgraphIndex].outputs = sorted(numbers, key=lambda index: numbers[index] or 0)


def _trailing_number(name: bytes) -> int | None:
    """The number at the end of an output's name."""
    match = re.search(rb"\d+$", name)
    return int(match[0]) if match else None
