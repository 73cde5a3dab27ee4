"""Appending operators to a file's outputs after conversion, for the converter would round their results to 8 bits."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from octet.common.tensorflow import tflite
from octet.tflite.files.conversion import pack_model


def append_operators(content: bytes, tail: Mapping[int, Sequence[tuple[str, float]]]) -> bytes:
    """The file with operators appended to some of its outputs.

    `tail` maps the position of an output to its operators in order, each MINIMUM, MAXIMUM or SUB with a number.
    """
    model = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(content))
    ends = {int(tensor): int(tensor) for tensor in model.subgraphs[0].outputs}  # the new output of each old one
    for position, operators in tail.items():
        tensor = int(model.subgraphs[0].outputs[position])
        for operator, number in operators:
            ends[tensor] = _append(model, operator, ends[tensor], number)
    model.subgraphs[0].outputs = list(ends.values())
    for output in model.signatureDefs[0].outputs:
        output.tensorIndex = ends[output.tensorIndex]
    return pack_model(model, len(content))


def _append(model: Any, operator: str, tensor: int, number: float) -> int:
    """Append an operator on a tensor and a number to the graph; the index of the tensor that it writes."""
    graph = model.subgraphs[0]
    buffer, constant, result = tflite.BufferT(), tflite.TensorT(), tflite.TensorT()
    code, node = tflite.OperatorCodeT(), tflite.OperatorT()
    buffer.data = np.frombuffer(np.float32(number).tobytes(), np.uint8)
    model.buffers.append(buffer)
    result.name, result.shape = f"{operator.lower()}_{number}".encode(), graph.tensors[tensor].shape
    constant.name, constant.shape, constant.buffer = result.name + b"/number", [], len(model.buffers) - 1
    graph.tensors += [constant, result]
    code.builtinCode = code.deprecatedBuiltinCode = getattr(tflite.BuiltinOperator, operator)
    model.operatorCodes.append(code)
    node.opcodeIndex = len(model.operatorCodes) - 1
    node.inputs, node.outputs = [tensor, len(graph.tensors) - 2], [len(graph.tensors) - 1]
    options = "SubOptions" if operator == "SUB" else "MaximumMinimumOptions"
    node.builtinOptionsType = getattr(tflite.BuiltinOptions, options)
    node.builtinOptions = getattr(tflite, f"{options}T")()
    graph.operators.append(node)
    return len(graph.tensors) - 1
