"""What a .tflite file is made of: its operators, and which of them compute in floating point."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from octet.common.errors import UserError
from octet.common.tensorflow import tflite

FLOAT = "FLOAT"  # stands for every operator that takes or gives floating point

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


def file_facts(content: bytes) -> dict[str, Any]:
    """What a file weighs, what identifies it, and how many of its operators of each kind compute in what."""
    found = operators(content)
    counts = {
        name: {
            "integer": sum(not of.floating for of in found if of.name == name),
            "float": sum(of.floating for of in found if of.name == name),
        }
        for name, _ in Counter(of.name for of in found).most_common()
    }
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), "operators": counts}


def require_known(names: Sequence[str]) -> None:
    """Refuse what is misspelt; a name that resembles none of TFLite's is a custom operator's."""
    known = {name.upper(): name for name in (FLOAT, *_NAMES.values(), "TFLite_Detection_PostProcess")}
    for name in names:
        close = get_close_matches(name.upper(), known, n=1, cutoff=0.85)
        if close and name != known[close[0]]:
            raise UserError(
                f"score.forbidden_operators: TFLite has no operator {name!r}; did you mean {known[close[0]]!r}?"
            )


def stayed_float(content: bytes) -> dict[str, str]:
    """Which operators of an integer file compute in floating point nevertheless, and why."""
    found: dict[str, list[Operator]] = {}
    for of in operators(content):
        if of.floating:
            found.setdefault(of.name, []).append(of)
    return {f"{len(of)} x {name}": _REASONS.get(name, _NO_KERNEL) for name, of in found.items()}


def operator_name(code: tflite.OperatorCodeT) -> str:
    """TFLite's name, or a custom operator's own."""
    if code.customCode:
        return code.customCode.decode()
    return _NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]  # the second has the low numbers of old files
