"""Operators behind a file's outputs: done after conversion, for the converter would round what they give to 8 bits."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from octet.common.tensorflow import tflite
from octet.tflite.files.conversion import packed


def append_operators(content: bytes, tail: Mapping[int, Sequence[tuple[str, float]]]) -> bytes:
    """The same file with operators of one number (MINIMUM, MAXIMUM, SUB) behind some of its outputs, in their order."""
    model = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(content))
    ends = {int(tensor): int(tensor) for tensor in model.subgraphs[0].outputs}  # where what was an output goes on to
    for place, operators in tail.items():
        tensor = int(model.subgraphs[0].outputs[place])
        for operator, number in operators:
            ends[tensor] = _append(model, operator, ends[tensor], number)
    model.subgraphs[0].outputs = list(ends.values())
    for output in model.signatureDefs[0].outputs:
        output.tensorIndex = ends[output.tensorIndex]
    return packed(model, len(content))


def _append(model: Any, operator: str, tensor: int, number: float) -> int:
    """Put an operator of a tensor and a number at the end of the graph; the new tensor's index."""
    graph = model.subgraphs[0]
    buffer, constant, made, kind, node = (
        of() for of in (tflite.BufferT, tflite.TensorT, tflite.TensorT, tflite.OperatorCodeT, tflite.OperatorT)
    )
    buffer.data = np.frombuffer(np.float32(number).tobytes(), np.uint8)
    model.buffers.append(buffer)
    made.name, made.shape = f"{operator.lower()}_{number}".encode(), graph.tensors[tensor].shape
    constant.name, constant.shape, constant.buffer = made.name + b"/number", [], len(model.buffers) - 1
    graph.tensors += [constant, made]
    kind.builtinCode = kind.deprecatedBuiltinCode = getattr(tflite.BuiltinOperator, operator)
    model.operatorCodes.append(kind)
    node.opcodeIndex = len(model.operatorCodes) - 1
    node.inputs, node.outputs = [tensor, len(graph.tensors) - 2], [len(graph.tensors) - 1]
    options = "SubOptions" if operator == "SUB" else "MaximumMinimumOptions"
    node.builtinOptionsType = getattr(tflite.BuiltinOptions, options)
    node.builtinOptions = getattr(tflite, f"{options}T")()
    graph.operators.append(node)
    return len(graph.tensors) - 1
