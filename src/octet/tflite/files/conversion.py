"""From a traced graph to TFLite files, scheme by scheme."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
from numpy.typing import NDArray

from octet.common.silence import silence
from octet.common.tensorflow import tf, tflite

FILE_IDENTIFIER = b"TFL3"
_ALIGNMENT = 16  # bytes, of a constant's data
_WIDE = tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8

# The only input of a model, or its inputs by name, for every sample
Calibration = Callable[[], Iterable[Sequence[NDArray[Any]] | Mapping[str, NDArray[Any]]]]


@dataclass(frozen=True)
class Traced:
    """A graph that is ready to be converted, as often as there are schemes, and what holds its variables."""

    graph: Any  # a tf.types.experimental.ConcreteFunction
    owner: Any
    has_runtime_ops: bool = False  # which TensorFlow does not know and TFLite does


def trace(
    function: Callable[..., Any],
    variables: Sequence[tf.Variable],
    *inputs: tf.TensorSpec,
    has_runtime_ops: bool = False,
) -> Traced:
    """A function of these variables and of inputs of fixed shapes."""
    # The converter saves the owner whole: a Keras model would have each of its layers traced, for half a minute.
    owner = tf.Module()
    owner.all = variables
    return Traced(tf.function(function).get_concrete_function(*inputs), owner, has_runtime_ops)


def to_float(traced: Traced) -> bytes:
    """Float weights, float arithmetic."""
    return _finish(_converter(traced))


def to_float16(traced: Traced) -> bytes:
    """Half-precision weights: half the size."""
    converter = _optimizing(traced)
    converter.target_spec.supported_types = [tf.float16]
    return _finish(converter)


def to_dynamic(traced: Traced) -> bytes:
    """8-bit weights, activations quantized as they come."""
    return _finish(_optimizing(traced))


def to_integer(
    traced: Traced,
    calibration: Calibration | None = None,
    takes: tf.DType = tf.uint8,
    gives: tf.DType = tf.float32,
    wide: bool = False,
) -> bytes:
    """Integer arithmetic, with ranges read off calibration data, or those that quantization-aware training left.

    `wide` keeps 16 bits of activations.
    """
    converter = _optimizing(traced)
    if calibration:
        converter.representative_dataset = calibration
    if wide:
        converter.target_spec.supported_ops = [_WIDE, tf.lite.OpsSet.TFLITE_BUILTINS]
    converter.inference_input_type, converter.inference_output_type = takes, gives
    return _finish(converter)


def packed(model: Any, size: int) -> bytes:
    """A file of the schema's objects; `size` is about how large."""
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            tensor.name = tensor.name.partition(b";")[0]  # of layers that were fused, the last comes first
    builder = _Builder(size)
    builder.Finish(model.Pack(builder), FILE_IDENTIFIER)
    return bytes(builder.Output())


class _Builder(flatbuffers.Builder):
    """Writes equal arrays once (a zero point a channel is a sixth of a small detector), aligned as the schema asks."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._written: dict[tuple[str, bytes], int] = {}

    def CreateNumpyVector(self, x: NDArray[Any]) -> int:  # noqa: N802  # flatbuffers' name
        content = x.dtype.str, x.tobytes()
        if content not in self._written:
            self.Prep(_ALIGNMENT, x.nbytes)
            self._written[content] = super().CreateNumpyVector(x)
        return self._written[content]


def _converter(traced: Traced) -> tf.lite.TFLiteConverter:
    converter = tf.lite.TFLiteConverter.from_concrete_functions([traced.graph], traced.owner)
    converter.allow_custom_ops = traced.has_runtime_ops
    return converter


def _optimizing(traced: Traced) -> tf.lite.TFLiteConverter:
    converter = _converter(traced)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return converter


def _finish(converter: tf.lite.TFLiteConverter) -> bytes:
    with silence():
        content = converter.convert()
    model = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(content))
    _put_in_order(model)
    return packed(model, len(content))


def _put_in_order(model: Any) -> None:
    """The outputs in the order in which the graph returns them, which the converter shuffles."""
    (signature,) = model.signatureDefs
    numbers = {output.tensorIndex: _number(output.name) for output in signature.outputs}
    if None not in numbers.values():  # others go by names of their own, and have no order
        model.subgraphs[signature.subgraphIndex].outputs = sorted(numbers, key=lambda index: numbers[index] or 0)


def _number(name: bytes) -> int | None:
    found = re.search(rb"\d+$", name)
    return int(found[0]) if found else None
