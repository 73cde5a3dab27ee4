"""Google's Edge TPU (Coral): a file against what its compiler's documentation says that it takes.

The compiler is closed and in no package index, so this is no proof: only a refusal that can be known beforehand.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from octet.common.tensorflow import tflite
from octet.devices.protocol import AbsentError, Answers, RefusedError, Trial
from octet.tflite.running.operators import operator_name

# The operators of the published list, by TFLite's names, each with the highest version that TensorFlow 2.5, which the
# last compiler was built on, has a kernel for.
_KNOWN = {
    "ADD": 4,
    "AVERAGE_POOL_2D": 3,
    "CONCATENATION": 3,
    "CONV_2D": 5,
    "DEPTHWISE_CONV_2D": 6,
    "EXPAND_DIMS": 1,
    "FULLY_CONNECTED": 9,
    "L2_NORMALIZATION": 2,
    "LOGISTIC": 3,
    "LSTM": 4,
    "MAXIMUM": 4,
    "MAX_POOL_2D": 3,
    "MEAN": 3,
    "MINIMUM": 4,
    "MUL": 4,
    "PACK": 3,
    "PAD": 3,
    "PRELU": 1,
    "QUANTIZE": 2,
    "REDUCE_MAX": 2,
    "REDUCE_MIN": 2,
    "RELU": 2,
    "RELU6": 2,
    "RELU_N1_TO_1": 1,
    "RESHAPE": 1,
    "RESIZE_BILINEAR": 3,
    "RESIZE_NEAREST_NEIGHBOR": 3,
    "RSQRT": 2,
    "SLICE": 3,
    "SOFTMAX": 3,
    "SPACE_TO_DEPTH": 2,
    "SPLIT": 4,
    "SQUARED_DIFFERENCE": 2,
    "SQUEEZE": 1,
    "STRIDED_SLICE": 4,
    "SUB": 5,
    "SUM": 1,
    "TANH": 3,
    "TRANSPOSE": 4,
    "TRANSPOSE_CONV": 3,
}
_INTEGERS = (tflite.TensorType.INT8, tflite.TensorType.UINT8, tflite.TensorType.INT32)


@dataclass(frozen=True)
class EdgeTpu:
    """The Edge TPU compiler's rules."""

    name: str = "edge-tpu"
    arch: str = "Edge TPU"
    kernels: str = "static check"
    variants: Sequence[str] = ("uint8_raw", "uint8")

    def run(self, trial: Trial) -> Answers:
        faults = edge_tpu_faults(trial.file.read_bytes())
        if faults:
            raise RefusedError(f"its compiler would leave these to the CPU: {'; '.join(faults)}")
        raise AbsentError("the published list of its compiler allows all of it; the answers take compiler and hardware")


def edge_tpu_faults(content: bytes) -> list[str]:
    """What of a file the published list does not allow, each kind once."""
    model = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(content))
    faults = {}
    for graph in model.subgraphs:
        for node in graph.operators:
            code = model.operatorCodes[node.opcodeIndex]
            name, tensors = operator_name(code), [graph.tensors[at] for at in (*node.inputs, *node.outputs) if at >= 0]
            if name not in _KNOWN:
                faults[f"{name} is not in the list"] = True
            elif code.version > _KNOWN[name]:
                faults[f"{name} has version {code.version}, expected {_KNOWN[name]} at most"] = True
            elif any(tensor.type not in _INTEGERS for tensor in tensors):
                faults[f"{name} takes or gives other values than 8-bit integers"] = True
            if any(side < 0 for tensor in tensors for side in _signature(tensor)):
                faults[f"{name} has a shape that is known only when it runs"] = True
    return list(faults)


def _signature(tensor: tflite.TensorT) -> Sequence[int]:
    return () if tensor.shapeSignature is None else tensor.shapeSignature
