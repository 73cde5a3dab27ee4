"""The operators of a .tflite file, and which of them compute in floating point."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from ai_edge_litert import schema_py_generated as tflite  # TensorFlow's, without TensorFlow

from octet.common.errors import UserError

FLOAT = "FLOAT"  # among forbidden operators: every one with floating point in its inputs or outputs

_FLOATS = (tflite.TensorType.FLOAT16, tflite.TensorType.FLOAT32, tflite.TensorType.FLOAT64, tflite.TensorType.BFLOAT16)
_NAMES = {code: name for name, code in vars(tflite.BuiltinOperator).items() if isinstance(code, int)}

_NO_KERNEL = "it has no integer version, or its ranges could not be read"
_REASONS = {
    "QUANTIZE": "where floats go in",
    "DEQUANTIZE": "where floats come out, or go on to what stayed float",
    "TFLite_Detection_PostProcess": "a custom operator, float by design",
    "WHILE": "control flow: ranges inside a loop cannot be read",
}


@dataclass(frozen=True)
class Operator:
    """An operator of a file's graph."""

    name: str  # TFLite's name, or that of a custom operator
    output: str  # the name of its first output tensor; empty where it has none, as one that assigns a variable
    floating: bool  # whether an input or output is floating point


def list_operators(content: bytes) -> list[Operator]:
    """All operators of a file, in the order in which they run."""
    model = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(content))
    return [
        Operator(
            operator_name(model.operatorCodes[node.opcodeIndex]),
            graph.tensors[node.outputs[0]].name.decode() if len(node.outputs) else "",
            any(graph.tensors[index].type in _FLOATS for index in (*node.inputs, *node.outputs) if index >= 0),
        )
        for graph in model.subgraphs
        for node in graph.operators
    ]


def file_facts(content: bytes) -> dict[str, Any]:
    """The size of a file, its SHA-256, and by name the number of its operators in integers and in floating point."""
    operators = list_operators(content)
    floats = Counter(operator.name for operator in operators if operator.floating)
    counts = {
        name: {"integer": count - floats[name], "float": floats[name]}
        for name, count in Counter(operator.name for operator in operators).most_common()
    }
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), "operators": counts}


def require_known_operators(names: Sequence[str]) -> None:
    """Refuse misspelt names of operators; a name that resembles none of TFLite's is taken for a custom operator's."""
    known = {name.upper(): name for name in (FLOAT, *_NAMES.values(), "TFLite_Detection_PostProcess")}
    for name in names:
        close = get_close_matches(name.upper(), known, n=1, cutoff=0.85)
        if close and name != known[close[0]]:
            raise UserError(
                f"score.forbidden_operators: TFLite has no operator {name!r}; did you mean {known[close[0]]!r}?"
            )


def float_operators(content: bytes) -> dict[str, str]:
    """The operators of an integer file that still compute in floating point, as "COUNT x NAME", each with a reason."""
    counts = Counter(operator.name for operator in list_operators(content) if operator.floating)
    return {f"{count} x {name}": _REASONS.get(name, _NO_KERNEL) for name, count in counts.items()}


def operator_name(code: tflite.OperatorCodeT) -> str:
    """The name of an operator: TFLite's, or that of a custom operator."""
    if code.customCode:
        return code.customCode.decode()
    return _NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]  # old files have their numbers in the second
