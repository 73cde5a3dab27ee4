"""Where a smaller file parts from the model that it was made of, layer by layer, on the same pictures.

What a layer itself adds is told apart from what it was handed: the worst are those that lose most of the signal that
still came in.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray

from octet.common.silence import silence
from octet.common.tensorflow import keras, tf, tflite
from octet.tflite.running.operators import operator_name
from octet.tflite.running.tensors import dequantized, quantized

Tensors = Mapping[str, NDArray[Any]]
# An input [1, ...] to what the model computes of it, by name
Reference = Callable[[NDArray[np.float32]], Tensors]

_INTEGERS = {
    tflite.TensorType.INT8: (-128, 127),
    tflite.TensorType.UINT8: (0, 255),
    tflite.TensorType.INT16: (-32768, 32767),
}
_CLEAN = 50.0  # dB; about what eight bits can hold, so what comes in is taken for no better
_GOOD, _BAD = 30.0, 6.0  # dB; advice is for layers below the one that lose more than the other
_SATURATED, _UNUSED = 0.02, 0.25
_NAME_WIDTH = 35  # letters of a layer's name in a table; more where fewer would make two names equal


@dataclass(frozen=True)
class LayerError:
    """How far a layer of the file is from the same in the reference."""

    layer: str
    operator: str
    sqnr_db: float  # of signal to difference
    lost_db: float  # by how much that is worse than the worst of its inputs
    max_error: float
    saturated: float  # share of values that the range cuts off
    range_used: float  # share of the range's steps between the least and the largest value
    advice: str


def worst_first(reference: Reference, content: bytes, inputs: Iterable[NDArray[np.float32]]) -> list[dict[str, Any]]:
    """Every layer that both have, as plain data, the one that loses most first.

    Of a file that computes with integers these are what gives integers; where only weights were shrunk, all.
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
    return [asdict(of) for of in sorted(_judge(nodes, sums, names), key=lambda of: -of.lost_db)]


def layers_table(layers: Sequence[Mapping[str, Any]]) -> str:
    """The layers as a table for the terminal, a line for each, with names short enough for it."""
    names = _short_names([layer["layer"] for layer in layers])
    width = max([_NAME_WIDTH, *map(len, names)]) + 1
    head = f"{'layer':{width}}{'SQNR dB':>9}{'lost':>7}{'max error':>11}{'saturated':>11}{'range used':>12}  what to do"
    lines = [
        f"{name:{width}}{layer['sqnr_db']:>9.1f}{layer['lost_db']:>7.1f}{layer['max_error']:>11.3g}"
        f"{layer['saturated']:>11.1%}{layer['range_used']:>12.0%}  {layer['advice']}".rstrip()
        for name, layer in zip(names, layers, strict=True)
    ]
    return "\n".join([head, *lines])


def keras_reference(model: keras.Model) -> Reference:
    """What every layer of a model gives, by the name that it has before quantization."""
    layers = [layer for layer in model.layers if not isinstance(layer.output, list)]
    probe = tf.function(keras.Model(model.input, [layer.output for layer in layers]))

    def run(picture: NDArray[np.float32]) -> Tensors:
        outputs = probe(picture, training=False)
        return {layer.name.removeprefix("quant_"): out.numpy() for layer, out in zip(layers, outputs, strict=True)}

    return run


def tflite_reference(content: bytes) -> Reference:
    """What every operator of a float file gives, by its tensor's name."""
    nodes, interpreter = _nodes(content), _Interpreter(content)

    def run(picture: NDArray[np.float32]) -> Tensors:
        interpreter.run(picture)
        return {node.name: interpreter.codes(node.output) for node in nodes}

    return run


def _short_names(names: Sequence[str]) -> Sequence[str]:
    """Names that fit into a table and still differ: without the folders that all share, then cut in the middle."""
    longest = max(map(len, names), default=0)
    if longest <= _NAME_WIDTH:
        return names
    paths = {name for name in names if "/" in name}
    if len(paths) > 1:
        folder = "".join(os.path.commonprefix([*paths]).rpartition("/")[:2])  # noqa: RUF071  # cut to whole folders
        names = [name.removeprefix(folder) for name in names]
    shortened = ([_cut_middle(name, width) for name in names] for width in range(_NAME_WIDTH, longest + 1))
    return next(short for short in shortened if len(set(short)) == len(set(names)))


def _cut_middle(name: str, width: int) -> str:
    """The name in at most so many letters, of which most are from its end."""
    head = width // 3
    return name if len(name) <= width else f"{name[:head]}…{name[head + 1 - width :]}"


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
    graph = model.subgraphs[0]  # the others are what its loops run
    nodes = []
    for operator in graph.operators:
        tensor = graph.tensors[operator.outputs[0]]
        how = tensor.quantization
        limits = _INTEGERS.get(tensor.type) if how and how.scale is not None else None
        nodes.append(
            _Node(
                operator_name(model.operatorCodes[operator.opcodeIndex]),
                tensor.name.decode(),
                operator.inputs,
                operator.outputs[0],
                tensor.type == tflite.TensorType.FLOAT32,
                float(how.scale[0]) if limits else 0.0,
                int(how.zeroPoint[0]) if limits else 0,
                *(limits or (0, 0)),
            )
        )
    return nodes


def _matches(nodes: Sequence[_Node], expected: Tensors) -> dict[int, str]:
    """For each tensor to compare the name of the same in the reference: as it is, numbered, or as part of a path."""
    integer = any(node.scale for node in nodes)
    found = {}
    for node in nodes:
        path = node.name.split("/")
        candidates = (node.name, node.name.rstrip("0123456789"), *(part.removeprefix("quant_") for part in path))
        name = next((candidate for candidate in candidates if candidate in expected), None)
        if name and (node.scale if integer else node.floating):
            found[node.output] = name
    return found


class _Interpreter:
    """A file run in a way that keeps what every operator gives."""

    def __init__(self, content: bytes) -> None:
        with silence():
            self._interpreter = Interpreter(
                model_content=content,
                experimental_preserve_all_tensors=True,
                experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            )
            self._interpreter.allocate_tensors()
        (self._takes,) = self._interpreter.get_input_details()

    def run(self, values: NDArray[np.float32]) -> None:
        self._interpreter.set_tensor(self._takes["index"], quantized(values, self._takes))
        self._interpreter.invoke()

    def codes(self, tensor: int) -> NDArray[Any]:
        return self._interpreter.get_tensor(tensor)


@dataclass
class _Sums:
    """What a tensor's errors add up to over pictures."""

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
        self.largest = max(self.largest, float(np.abs(difference).max()))
        self.count += codes.size
        if not node.scale:
            return  # floats have no range
        low, high = ((end - node.zero) * node.scale for end in (node.lowest, node.highest))
        self.saturated += int(np.count_nonzero((expected < low - node.scale) | (expected > high + node.scale)))
        least, most = self.codes or (node.highest, node.lowest)
        self.codes = (min(least, int(codes.min())), max(most, int(codes.max())))


def _judge(nodes: Sequence[_Node], sums: Mapping[int, _Sums], names: Mapping[int, str]) -> list[LayerError]:
    sqnr: dict[int, float] = {}
    judged = []
    for node in nodes:
        came = min((sqnr[index] for index in node.inputs if index in sqnr), default=_CLEAN)
        sqnr[node.output] = came
        if node.output not in names:
            continue
        of = sums[node.output]
        own = 10 * np.log10(of.signal / of.noise) if of.signal and of.noise else _CLEAN if not of.noise else 0.0
        sqnr[node.output] = min(float(own), _CLEAN)
        lost = max(came - sqnr[node.output], 0.0)
        saturated, used = of.saturated / of.count, 1.0  # a float has no range to waste
        if of.codes:
            least, most = of.codes
            used = (most - least) / (node.highest - node.lowest)
        judged.append(
            LayerError(
                layer=names[node.output],
                operator=node.operator,
                sqnr_db=round(sqnr[node.output], 2),
                lost_db=round(lost, 2),
                max_error=float(f"{of.largest:.4g}"),
                saturated=round(saturated, 5),
                range_used=round(used, 4),
                advice=_advice(node.operator, saturated, used) if own < _GOOD and lost > _BAD else "",
            )
        )
    return judged


def _advice(operator: str, saturated: float, used: float) -> str:
    if saturated > _SATURATED:
        return "raise its range: it cuts values off"
    if used < _UNUSED:
        return f"narrow its range: {used:.0%} of it is used"
    if operator in ("ADD", "CONCATENATION"):
        return "split its scale: what it joins differs in size"
    return "leave it in float: eight bits are too few for its weights"
