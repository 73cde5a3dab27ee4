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


def trace_detector(model: keras.Model, anchors: NDArray[np.float32], how: Suppression) -> Traced:
    """Pictures to boxes, classes, scores and count: decoded and suppressed inside the graph."""
    _, classes = model.output_shape
    postprocess = _postprocess(how, classes[-1])

    def detect(pictures: tf.Tensor) -> tuple[tf.Tensor, ...]:
        codes, logits = model(pictures, training=False)
        return postprocess(codes, tf.sigmoid(logits), tf.constant(anchors))

    return trace(detect, model.variables, _picture(model), has_runtime_ops=True)


def trace_heads(model: keras.Model) -> Traced:
    """Pictures to box codes [1, A, 4] and scores [1, A, C], for compilers that take no custom op."""

    def heads(pictures: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        codes, logits = model(pictures, training=False)
        return codes, tf.sigmoid(logits)

    return trace(heads, model.variables, _picture(model))


def keep_inside(detector: bytes) -> bytes:
    """The same file, its boxes cut off at the picture's edges.

    The op lets them reach beyond, and not every reader of a file would cut them off. Done after conversion, for the
    converter would round to 8 bits what clips the boxes.
    """
    model = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(detector))
    graph = model.subgraphs[0]
    boxes, *others = (int(tensor) for tensor in graph.outputs)
    above = _append(model, tflite.BuiltinOperator.MAXIMUM, boxes, 0.0)
    inside = _append(model, tflite.BuiltinOperator.MINIMUM, above, 1.0)
    graph.outputs = [inside, *others]
    for output in model.signatureDefs[0].outputs:
        if output.tensorIndex == boxes:
            output.tensorIndex = inside
    return packed(model, len(detector))


def _append(model: Any, code: int, tensor: int, bound: float) -> int:
    """Compare a tensor with a bound at the end of the graph; the new tensor's index."""
    graph = model.subgraphs[0]
    buffer, limit, kept, kind, node = (
        of() for of in (tflite.BufferT, tflite.TensorT, tflite.TensorT, tflite.OperatorCodeT, tflite.OperatorT)
    )
    buffer.data = np.frombuffer(np.float32(bound).tobytes(), np.uint8)
    model.buffers.append(buffer)
    limit.name, limit.shape, limit.buffer = f"at_{bound:g}", [], len(model.buffers) - 1
    kept.name, kept.shape = f"boxes_to_{bound:g}", graph.tensors[tensor].shape
    graph.tensors += [limit, kept]
    kind.builtinCode = kind.deprecatedBuiltinCode = code
    model.operatorCodes.append(kind)
    node.opcodeIndex = len(model.operatorCodes) - 1
    node.inputs, node.outputs = [tensor, len(graph.tensors) - 2], [len(graph.tensors) - 1]
    node.builtinOptionsType = tflite.BuiltinOptions.MaximumMinimumOptions
    node.builtinOptions = tflite.MaximumMinimumOptionsT()
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
