"""Corrects the biases of a converted file, whatever library its model is of.

`octet.quantization.bias_correction` says what for, and does the same with a Keras network that is still to be trained.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray

from octet.commands.shrinking.samples import Sample
from octet.common.silence import silence
from octet.common.tensorflow import tf, tflite
from octet.tflite.files.conversion import pack_model
from octet.tflite.running.operators import operator_name

_TYPES = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.INT8: np.int8,
    tflite.TensorType.INT32: np.int32,
    tflite.TensorType.INT64: np.int64,
}
_PADDINGS = {tflite.Padding.SAME: "SAME", tflite.Padding.VALID: "VALID"}
_KINDS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
_MOST_STEPS = 0.51  # by which rounding moves a value


@dataclass(frozen=True)
class _Constant:
    """A tensor with the values that the file holds for it."""

    tensor: Any  # a tflite.TensorT
    buffer: Any  # a tflite.BufferT

    def codes(self) -> NDArray[Any]:
        return np.frombuffer(self.buffer.data, _TYPES[self.tensor.type]).reshape(self.tensor.shape)

    def steps(self) -> NDArray[np.float32]:
        """The distance between a value and the next, in a shape that goes with the codes."""
        axes = np.ones(len(self.tensor.shape), int)
        if len(self.tensor.quantization.scale) > 1:
            axes[self.tensor.quantization.quantizedDimension] = -1
        return np.asarray(self.tensor.quantization.scale, np.float32).reshape(axes)

    def subtract(self, values: NDArray[Any]) -> None:
        codes = self.codes()
        limits = np.iinfo(codes.dtype)
        changed = (codes - np.round(values / self.steps())).clip(limits.min, limits.max)
        self.buffer.data = np.frombuffer(changed.astype(codes.dtype).tobytes(), np.uint8)


@dataclass(frozen=True)
class _Layer:
    """A convolution or a dense layer."""

    kind: str
    options: Any  # a tflite.Conv2DOptionsT, for example
    input: int  # the number of the tensor that it reads
    kernel: _Constant
    bias: _Constant


def with_corrected_biases(content: bytes, reference: bytes, samples: Iterable[Sample]) -> bytes:
    """An integer file whose layers have the means of the float file's, for what these read there.

    Layers are found by the names of the tensors that they write; one without a counterpart stays as it is.
    """
    model = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(content))
    layers = {name: of for name, of in _layers(model).items() if of.bias.tensor.type != tflite.TensorType.FLOAT32}
    counterparts = _layers(tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(reference)))
    errors = {
        name: error
        for name, layer in layers.items()
        if name in counterparts and (error := _rounding_errors(layer.kernel, counterparts[name].kernel)) is not None
    }
    means = _means(reference, {counterparts[name].input for name in errors}, samples)
    for name, error in errors.items():
        moved = _apply(counterparts[name], error, means[counterparts[name].input])  # [..., O]
        layers[name].bias.subtract(moved.reshape(-1, moved.shape[-1]).mean(axis=0))
    return pack_model(model, len(content))


def _layers(model: Any) -> dict[bytes, _Layer]:
    """The layers of a file with a constant kernel, and a constant bias that no other reads, by what they write."""
    graph = model.subgraphs[0]  # the others are the bodies of its loops
    readers = Counter(int(tensor) for operator in graph.operators for tensor in operator.inputs)
    owners = Counter(tensor.buffer for tensor in graph.tensors)
    layers = {}
    for operator in graph.operators:
        kind = operator_name(model.operatorCodes[operator.opcodeIndex])
        if kind not in _KINDS or len(operator.inputs) != 3 or operator.inputs[2] < 0:
            continue
        of_input, *weights = map(int, operator.inputs)
        kernel, bias = (_Constant(graph.tensors[of], model.buffers[graph.tensors[of].buffer]) for of in weights)
        is_own = readers[weights[1]] == owners[bias.tensor.buffer] == 1
        if is_own and all(of.buffer.data is not None and of.tensor.type in _TYPES for of in (kernel, bias)):
            name = graph.tensors[operator.outputs[0]].name
            layers[name] = _Layer(kind, operator.builtinOptions, of_input, kernel, bias)
    return layers


def _rounding_errors(rounded: _Constant, kernel: _Constant) -> NDArray[np.float32] | None:
    """By how much each value of a kernel was moved; None where they are not the same kernel, or it was not rounded."""
    if rounded.tensor.type != tflite.TensorType.INT8 or rounded.codes().shape != kernel.codes().shape:
        return None
    errors: NDArray[np.float32] = rounded.codes() * rounded.steps() - kernel.codes()
    return errors if (abs(errors) <= _MOST_STEPS * rounded.steps()).all() else None


def _means(content: bytes, tensors: Collection[int], samples: Iterable[Sample]) -> Mapping[int, NDArray[np.float64]]:
    """The means of tensors of a float file over all samples."""
    with silence():
        interpreter = Interpreter(
            model_content=content,
            experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        interpreter.allocate_tensors()
    run = interpreter.get_signature_runner()
    sums: dict[int, Any] = dict.fromkeys(tensors, 0.0)
    count = 0
    for sample in samples:
        run(**sample)
        for tensor in tensors:
            sums[tensor] = sums[tensor] + interpreter.get_tensor(tensor).astype(np.float64)
        count += 1
    return {tensor: total / count for tensor, total in sums.items()}


def _apply(layer: _Layer, kernel: NDArray[np.float32], values: NDArray[np.float64]) -> NDArray[np.float32]:
    """What a layer without a bias makes of values [1, H, W, C], or [..., C], with another kernel."""
    inputs, options = values.astype(np.float32), layer.options
    if layer.kind == "FULLY_CONNECTED":
        return inputs.reshape(-1, kernel.shape[1]) @ kernel.T
    strides, dilations = (options.strideH, options.strideW), (options.dilationHFactor, options.dilationWFactor)
    padding = _PADDINGS[options.padding]
    if layer.kind == "CONV_2D":
        moved = tf.nn.conv2d(inputs, kernel.transpose(1, 2, 3, 0), strides, padding, dilations=dilations)
    else:
        by_input = kernel.reshape(*kernel.shape[1:3], inputs.shape[3], -1)  # [H, W, C, outputs of each]
        moved = tf.nn.depthwise_conv2d(inputs, by_input, (1, *strides, 1), padding, dilations=dilations)
    return np.asarray(moved)
