"""What a .tflite file is made of: its operators, and which of them compute in floating point."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from tensorflow.lite.python import schema_py_generated as tflite

from octet.errors import UserError

FLOAT = "FLOAT"  # stands for every operator that takes or gives floating point

_FLOATS = (tflite.TensorType.FLOAT16, tflite.TensorType.FLOAT32, tflite.TensorType.FLOAT64, tflite.TensorType.BFLOAT16)
_NAMES = {code: name for name, code in vars(tflite.BuiltinOperator).items() if isinstance(code, int)}


@dataclass(frozen=True)
class Operator:
    """One node of the graph."""

    name: str  # TFLite's; of a custom one its own
    output: str  # the name of its first tensor
    floating: bool


def operators(content: bytes) -> list[Operator]:
    """All of them, in the order in which they run."""
    model = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(content))
    return [
        Operator(
            operator_name(model.operatorCodes[node.opcodeIndex]),
            graph.tensors[node.outputs[0]].name.decode(),
            any(graph.tensors[index].type in _FLOATS for index in (*node.inputs, *node.outputs) if index >= 0),
        )
        for graph in model.subgraphs
        for node in graph.operators
    ]


def forbidden(content: bytes, names: Sequence[str]) -> list[str]:
    """Which of the names, or of FLOAT's operators, are in the file."""
    for name in names:
        if name.isupper() and name not in (FLOAT, *_NAMES.values()):  # a custom one has a name of its own
            close = get_close_matches(name, _NAMES.values(), n=1)
            raise UserError(f"TFLite has no operator {name!r}" + (f"; did you mean {close[0]!r}?" if close else ""))
    found = operators(content)
    floating = {of.name for of in found if of.floating} if FLOAT in names else set()
    return sorted(floating | {of.name for of in found if of.name in names})


def operator_name(code: tflite.OperatorCodeT) -> str:
    """TFLite's name, or a custom operator's own."""
    if code.customCode:
        return code.customCode.decode()
    return _NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]  # the second has the low numbers of old files
