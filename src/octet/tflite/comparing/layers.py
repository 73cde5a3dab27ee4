"""Compares a quantized file with the model that it was made from, layer by layer, on the same pictures.

The worst layers are those whose outputs have a much lower signal-to-noise ratio than their inputs: they add an error,
or enlarge the one that reaches them, as a layer does that subtracts what its inputs share.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray

from octet.common.silence import silence
from octet.common.tensorflow import keras, tflite, traced
from octet.tflite.comparing.names import NAME_WIDTH, short_names
from octet.tflite.running.operators import operator_name
from octet.tflite.running.tensors import dequantized, quantized

Tensors = Mapping[str, NDArray[Any]]
# From an input [1, ...] to the model's activations, by the names of its layers
Reference = Callable[[NDArray[np.float32]], Tensors]

_INTEGERS = {
    tflite.TensorType.INT8: (-128, 127),
    tflite.TensorType.UINT8: (0, 255),
    tflite.TensorType.INT16: (-32768, 32767),
}
_CLEAN = 50.0  # dB; about what eight bits can hold: no input counts as better
_GOOD, _BAD = 30.0, 6.0  # dB; advice is for layers whose SQNR is below the first and whose loss is above the second
_SATURATED, _UNUSED = 0.02, 0.25
_FIXED_RANGE = ("LOGISTIC", "LOG_SOFTMAX", "L2_NORMALIZATION", "SOFTMAX", "TANH")  # by the runtime, whatever the values


@dataclass(frozen=True)
class LayerError:
    """The error of a layer of the file against the same layer of the reference."""

    layer: str
    depth: int  # its place among the compared layers, from the picture on
    operator: str
    sqnr_db: float  # signal-to-quantization-noise ratio
    lost_db: float  # by how much that is lower than the SQNR of its worst input
    max_error: float
    saturated: float  # share of values that the range cuts off
    range_used: float  # share of the range's steps between the least and the largest value
    advice: str


def worst_first(reference: Reference, content: bytes, inputs: Iterable[NDArray[np.float32]]) -> list[dict[str, Any]]:
    """The errors of all layers that the file and the reference share, as plain data, the largest loss first.

    Of a file that computes with integers only layers with integer outputs are compared; of any other file, all.
    """
    nodes, interpreter = _nodes(content), _Interpreter(content)
    sums = {node.output: _Sums() for node in nodes}
    names: dict[int, str] = {}
    for picture in inputs:
        expected = reference(picture)
        interpreter.run(picture)
        names = names or {
            tensor: name
            for tensor, name in _matches(nodes, expected).items()
            if expected[name].size == interpreter.codes(tensor).size
        }
        for node in nodes:
            if node.output in names:
                sums[node.output].add(expected[names[node.output]], interpreter.codes(node.output), node)
    return [asdict(error) for error in sorted(_layer_errors(nodes, sums, names), key=lambda error: -error.lost_db)]


def layers_table(layers: Sequence[Mapping[str, Any]]) -> str:
    """The layers as a table for the terminal, a line for each, with names short enough for it."""
    names = short_names([layer["layer"] for layer in layers])
    width = max([NAME_WIDTH, *map(len, names)]) + 1
    head = f"{'layer':{width}}{'SQNR dB':>9}{'lost':>7}{'max error':>11}{'saturated':>11}{'range used':>12}  what to do"
    lines = [
        f"{name:{width}}{layer['sqnr_db']:>9.1f}{layer['lost_db']:>7.1f}{layer['max_error']:>11.3g}"
        f"{layer['saturated']:>11.1%}{layer['range_used']:>12.0%}  {layer['advice']}".rstrip()
        for name, layer in zip(names, layers, strict=True)
    ]
    return "\n".join([head, *lines])


def keras_reference(model: keras.Model) -> Reference:
    """A function that computes the activations of all layers of a Keras model, by their names before quantization."""
    layers = [layer for layer in model.layers if not isinstance(layer.output, list)]
    probe = traced(keras.Model(model.input, [layer.output for layer in layers]))

    def run(picture: NDArray[np.float32]) -> Tensors:
        outputs = probe(picture, training=False)
        return {layer.name.removeprefix("quant_"): out.numpy() for layer, out in zip(layers, outputs, strict=True)}

    return run


def tflite_reference(content: bytes) -> Reference:
    """A function that computes the outputs of all operators of a float file, by the names of their tensors."""
    nodes, interpreter = _nodes(content), _Interpreter(content)

    def run(picture: NDArray[np.float32]) -> Tensors:
        interpreter.run(picture)
        return {node.name: interpreter.codes(node.output) for node in nodes}

    return run


@dataclass(frozen=True)
class _Node:
    operator: str
    name: str  # of its first tensor
    inputs: Sequence[int]
    output: int
    floating: bool
    scale: float  # 0: not quantized
    zero: int
    lowest: int
    highest: int


def _nodes(content: bytes) -> list[_Node]:
    model = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(content))
    graph = model.subgraphs[0]  # the others are the bodies of its loops
    nodes = []
    for operator in graph.operators:
        if not len(operator.outputs):  # it assigns a variable
            continue
        tensor = graph.tensors[operator.outputs[0]]
        quantization = tensor.quantization
        limits = _INTEGERS.get(tensor.type) if quantization and quantization.scale is not None else None
        nodes.append(
            _Node(
                operator_name(model.operatorCodes[operator.opcodeIndex]),
                tensor.name.decode(),
                operator.inputs,
                operator.outputs[0],
                tensor.type == tflite.TensorType.FLOAT32,
                float(quantization.scale[0]) if limits else 0.0,
                int(quantization.zeroPoint[0]) if limits else 0,
                *(limits or (0, 0)),
            )
        )
    return nodes


def _matches(nodes: Sequence[_Node], expected: Tensors) -> dict[int, str]:
    """The reference's name for each comparable tensor: the tensor's own, or that without number, path or prefix."""
    integer = any(node.scale for node in nodes)
    matches = {}
    for node in nodes:
        path = node.name.split("/")
        candidates = (node.name, node.name.rstrip("0123456789"), *(part.removeprefix("quant_") for part in path))
        name = next((candidate for candidate in candidates if candidate in expected), None)
        if name and (node.scale if integer else node.floating):
            matches[node.output] = name
    return matches


class _Interpreter:
    """An interpreter that keeps the outputs of all operators of a file."""

    def __init__(self, content: bytes) -> None:
        with silence():
            self._interpreter = Interpreter(
                model_content=content,
                experimental_preserve_all_tensors=True,
                experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            )
            self._interpreter.allocate_tensors()
        (self._input,) = self._interpreter.get_input_details()

    def run(self, values: NDArray[np.float32]) -> None:
        self._interpreter.set_tensor(self._input["index"], quantized(values, self._input))
        self._interpreter.invoke()

    def codes(self, tensor: int) -> NDArray[Any]:
        return self._interpreter.get_tensor(tensor)


@dataclass
class _Sums:
    """The sums of a tensor's values and errors over the pictures."""

    signal: float = 0.0
    noise: float = 0.0
    largest: float = 0.0
    saturated: int = 0
    count: int = 0
    codes: tuple[int, int] | None = field(default=None)

    def add(self, expected: NDArray[np.float32], codes: NDArray[Any], node: _Node) -> None:
        expected = expected.reshape(codes.shape)
        difference = dequantized(codes, {"quantization": (node.scale, node.zero)}) - expected
        self.signal += float(np.square(expected, dtype=np.float64).sum())
        self.noise += float(np.square(difference, dtype=np.float64).sum())
        self.largest = float(np.maximum(self.largest, np.abs(difference).max()))  # NaN, where there is one
        self.count += codes.size
        if not node.scale:
            return  # floats have no range
        low, high = ((end - node.zero) * node.scale for end in (node.lowest, node.highest))
        self.saturated += int(np.count_nonzero((expected < low - node.scale) | (expected > high + node.scale)))
        least, most = self.codes or (node.highest, node.lowest)
        self.codes = (min(least, int(codes.min())), max(most, int(codes.max())))

    def sqnr_db(self) -> float:
        """The signal-to-quantization-noise ratio; where values are not finite, lower than any other."""
        if not self.noise:
            return _CLEAN
        if not isfinite(self.noise):
            return -_CLEAN
        return float(10 * np.log10(self.signal / self.noise)) if self.signal else 0.0


def _layer_errors(nodes: Sequence[_Node], sums: Mapping[int, _Sums], names: Mapping[int, str]) -> list[LayerError]:
    sqnr: dict[int, float] = {}
    errors: list[LayerError] = []
    for node in nodes:
        incoming = min((sqnr[index] for index in node.inputs if index in sqnr), default=_CLEAN)
        sqnr[node.output] = incoming
        if node.output not in names:
            continue
        total = sums[node.output]
        own = total.sqnr_db()
        sqnr[node.output] = min(own, _CLEAN)
        lost = max(incoming - sqnr[node.output], 0.0)
        saturated, used = total.saturated / total.count, 1.0  # a float has no range to waste
        if total.codes:
            least, most = total.codes
            used = (most - least) / (node.highest - node.lowest)
        errors.append(
            LayerError(
                layer=names[node.output],
                depth=len(errors),
                operator=node.operator,
                sqnr_db=round(sqnr[node.output], 2),
                lost_db=round(lost, 2),
                max_error=float(f"{total.largest:.4g}"),
                saturated=round(saturated, 5),
                range_used=round(used, 4),
                advice=_advice(node.operator, saturated, used) if own < _GOOD and lost > _BAD else "",
            )
        )
    return errors


def _advice(operator: str, saturated: float, used: float) -> str:
    if operator in _FIXED_RANGE:
        return ""
    if saturated > _SATURATED:
        return "raise its range: it cuts values off"
    if used < _UNUSED:
        return f"narrow its range: {used:.0%} of it is used"
    if operator in ("ADD", "CONCATENATION"):
        return "split its scale: what it joins differs in size"
    return ""
