"""What each operator of a file has to do: the numbers that it multiplies, and the bytes that it reads and writes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from octet.common.printing import printable
from octet.common.tensorflow import tflite
from octet.tflite.cutting.cutting import tensors
from octet.tflite.running.operators import operator_name
from octet.tflite.running.running import BUILTIN, open_interpreter

Shape = tuple[int, ...]

_LONGEST_NAME = 200  # letters

# Builtin operators that are loops, calls or several products in one
_NOT_TOLD = re.compile(r"WHILE|IF|CALL.*|.*LSTM|.*RNN|SVDF|STABLEHLO_.*|RFFT2D|EMBEDDING_.*|CONV_3D_TRANSPOSE")


@dataclass(frozen=True)
class OperatorCost:
    """An operator, by the name of the first tensor that it writes, and what it has to do."""

    name: str
    operator: str
    shape: Shape  # of that tensor
    macs: int | None  # multiplications whose products are added up; None where they cannot be told from the file
    weight_bytes: int  # constants that it reads
    activation_bytes: int  # what it reads besides, and what it writes


def operator_costs(content: bytes) -> list[OperatorCost]:
    """What each operator of a file has to do, in the order in which they run."""
    model = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(content))
    graph = model.subgraphs[0]
    # Shapes and types as the runtime has them, which computes those that the file leaves open.
    details = {tensor["index"]: tensor for tensor in open_interpreter(content, kernels=BUILTIN).get_tensor_details()}
    constants = {
        index: len(model.buffers[tensor.buffer].data)
        for index, tensor in enumerate(graph.tensors)
        if model.buffers[tensor.buffer].data is not None
    }

    def shape(tensor: int) -> Shape:
        return tuple(map(int, details[tensor]["shape"])) if tensor in details else ()

    def size(tensor: int) -> int:
        return prod(shape(tensor)) * np.dtype(details[tensor]["dtype"]).itemsize if tensor in details else 0

    costs = []
    for operator in graph.operators or []:
        name = operator_name(model.operatorCodes[operator.opcodeIndex])
        inputs, outputs = tensors(operator.inputs), tensors(operator.outputs)
        shapes = [shape(tensor) for tensor in inputs], [shape(tensor) for tensor in outputs]
        costs.append(
            OperatorCost(
                _readable(graph.tensors[outputs[0]].name) if outputs else "",
                _readable(name.encode()),
                shape(outputs[0]) if outputs else (),
                _macs(name, operator.builtinOptions, *shapes),
                sum(constants[tensor] for tensor in inputs if tensor in constants),
                sum(size(tensor) for tensor in (*inputs, *outputs) if tensor not in constants),
            )
        )
    return costs


def _readable(name: bytes) -> str:
    """A name of reasonable length; of fused layers, that of the last, which comes first."""
    return printable(name.decode(errors="replace").partition(";")[0])[:_LONGEST_NAME]


def _macs(name: str, options: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int | None:
    """The multiplications of an operator whose products are added up; the shapes are those of its tensors."""
    if not hasattr(tflite.BuiltinOperator, name) or _NOT_TOLD.fullmatch(name):
        return None
    if name == "CONV_2D":  # filters [O, H, W, I], of which each makes a value of the output
        return prod(outputs[0]) * prod(inputs[1][1:])
    if name == "DEPTHWISE_CONV_2D":  # filters [1, H, W, O]
        return prod(outputs[0]) * prod(inputs[1][1:3])
    if name == "TRANSPOSE_CONV":  # output shape, filters [O, H, W, I], of which each value of the input meets all O
        return prod(inputs[2]) * prod(inputs[1][:3])
    if name == "CONV_3D":  # filters [D, H, W, I, O]
        return prod(outputs[0]) * prod(inputs[1][:4])
    if name == "FULLY_CONNECTED":  # weights [O, I]
        return prod(outputs[0]) * inputs[1][-1]
    if name == "BATCH_MATMUL":
        return prod(outputs[0]) * inputs[0][-2 if options.adjX else -1]
    return 0  # it adds up no products
