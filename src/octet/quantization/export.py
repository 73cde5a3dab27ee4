"""Detectors as graphs to convert.

The detection post-processing is one op of the TFLite runtime that TensorFlow does not know: a function that carries
the op's name and attributes stands in for it, and the converter puts the op in its place.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octet.detector.boxes import CODE_SCALES
from octet.quantization.conversion import Traced, packed, trace
from octet.recipe import Suppression
from octet.tensorflow import keras, tf, tflite

_POSTPROCESS = "TFLite_Detection_PostProcess"

# Given t threads, the runtime's op never looks at class t where 1 < t < classes. This many empty classes stand before
# ours, so that up to 8 threads, which is all that the devices for such files have, find all that one finds.
_EMPTY_CLASSES = 9


def trace_detector(model: keras.Model, anchors: NDArray[np.float32], how: Suppression) -> Traced:
    """Pictures to boxes, classes, scores and count: decoded and suppressed inside the graph."""
    _, classes = model.output_shape
    postprocess = _postprocess(how, _EMPTY_CLASSES + classes[-1])

    def detect(pictures: tf.Tensor) -> tuple[tf.Tensor, ...]:
        codes, logits = model(pictures, training=False)
        scores = tf.pad(tf.sigmoid(logits), [[0, 0], [0, 0], [_EMPTY_CLASSES, 0]])  # [1, A, E + C]
        return postprocess(codes, scores, tf.constant(anchors))

    return trace(detect, model.variables, _picture(model), has_runtime_ops=True)


def trace_heads(model: keras.Model) -> Traced:
    """Pictures to box codes [1, A, 4] and scores [1, A, C], for compilers that take no custom op."""

    def heads(pictures: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        codes, logits = model(pictures, training=False)
        return codes, tf.sigmoid(logits)

    return trace(heads, model.variables, _picture(model))


def finish(detector: bytes) -> bytes:
    """The same file, its boxes cut off at the picture's edges and its classes counted from 0.

    Done after conversion, for the converter would round to 8 bits what comes behind the op.
    """
    model = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(detector))
    boxes, classes, *others = model.subgraphs[0].outputs
    inside = _append(model, "MINIMUM", _append(model, "MAXIMUM", boxes, 0), 1)
    ours = _append(model, "MAXIMUM", _append(model, "SUB", classes, _EMPTY_CLASSES), 0)  # an empty slot's class is 0
    model.subgraphs[0].outputs = [inside, ours, *others]
    for output in model.signatureDefs[0].outputs:
        output.tensorIndex = {boxes: inside, classes: ours}.get(output.tensorIndex, output.tensorIndex)
    return packed(model, len(detector))


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


def _picture(model: keras.Model) -> tf.TensorSpec:
    return tf.TensorSpec([1, *model.input_shape[1:]], tf.float32, "pictures")


def _postprocess(how: Suppression, classes: int) -> Callable[..., tuple[tf.Tensor, ...]]:
    """The stand-in for the runtime's op: only its name, attributes and signature matter."""
    y, x, height, width = CODE_SCALES
    attributes: dict[str, int | float | bool] = {
        "max_detections": how.max_detections,
        "max_classes_per_detection": 1,
        "detections_per_class": how.max_detections,
        "use_regular_nms": True,
        "nms_score_threshold": how.score_threshold,
        "nms_iou_threshold": how.iou_threshold,
        "y_scale": y,
        "x_scale": x,
        "h_scale": height,
        "w_scale": width,
        "num_classes": classes,
    }
    signature = " ".join([f'name: "{_POSTPROCESS}"', *(_attribute(*item) for item in attributes.items())])

    @tf.function(experimental_implements=signature)
    def postprocess(codes: tf.Tensor, scores: tf.Tensor, anchors: tf.Tensor) -> tuple[tf.Tensor, ...]:
        del codes, scores, anchors
        slots = how.max_detections
        return tf.zeros([1, slots, 4]), tf.zeros([1, slots]), tf.zeros([1, slots]), tf.zeros([1])

    return postprocess


def _attribute(key: str, value: int | float | bool) -> str:
    kind = {bool: "b", int: "i", float: "f"}[type(value)]
    text = str(value).lower() if kind == "b" else f"{value:g}" if kind == "i" else f"{value:f}"
    return f'attr {{ key: "{key}" value {{ {kind}: {text} }} }}'
