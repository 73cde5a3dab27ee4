"""The ladder of TFLite files, from Keras detectors.

The detection post-processing is one op of the TFLite runtime that TensorFlow does not know: a function that carries
the op's name and attributes stands in for it, and the converter puts the op in its place.
"""

from collections.abc import Callable, Iterable
from typing import Any

import flatbuffers
import numpy as np
from numpy.typing import NDArray
from tensorflow.lite.python import schema_py_generated as schema

from octet.detector.boxes import CODE_SCALES
from octet.recipe import Suppression
from octet.silence import silence
from octet.tensorflow import keras, tf

_POSTPROCESS = "TFLite_Detection_PostProcess"
_FILE_IDENTIFIER = b"TFL3"

Graph = Any  # a tf.types.experimental.ConcreteFunction


def trace_detector(model: keras.Model, anchors: NDArray[np.float32], how: Suppression) -> Graph:
    """Pictures to boxes, classes, scores and count: decoded and suppressed inside the graph."""
    _, classes = model.output_shape
    postprocess = _postprocess(how, classes[-1])

    def detect(pictures: tf.Tensor) -> tuple[tf.Tensor, ...]:
        codes, logits = model(pictures, training=False)
        return postprocess(codes, tf.sigmoid(logits), tf.constant(anchors))

    return _trace(detect, model)


def trace_heads(model: keras.Model) -> Graph:
    """Pictures to box codes [1, A, 4] and scores [1, A, C], for compilers that take no custom op."""

    def heads(pictures: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        codes, logits = model(pictures, training=False)
        return codes, tf.sigmoid(logits)

    return _trace(heads, model)


def to_float(graph: Graph, model: keras.Model) -> bytes:
    """Float weights, float arithmetic."""
    return _finish(_converter(graph, model))


def to_float16(graph: Graph, model: keras.Model) -> bytes:
    """Half-precision weights: half the size."""
    converter = _optimizing(graph, model)
    converter.target_spec.supported_types = [tf.float16]
    return _finish(converter)


def to_dynamic(graph: Graph, model: keras.Model) -> bytes:
    """8-bit weights, activations quantized as they come."""
    return _finish(_optimizing(graph, model))


def to_int8(graph: Graph, model: keras.Model, calibration: Iterable[NDArray[np.float32]]) -> bytes:
    """Integer arithmetic with ranges read off calibration pictures [1, S, S, 3], no training; uint8 in."""
    converter = _optimizing(graph, model)
    converter.representative_dataset = lambda: ([picture] for picture in calibration)
    converter.inference_input_type = tf.uint8
    return _finish(converter)


def to_uint8(graph: Graph, model: keras.Model) -> bytes:
    """Integer arithmetic with the ranges of quantization-aware training; uint8 in, float detections out."""
    converter = _optimizing(graph, model)
    converter.inference_input_type = tf.uint8
    return _finish(converter)


def to_uint8_raw(graph: Graph, model: keras.Model) -> bytes:
    """The same with uint8 out: integer from end to end."""
    converter = _optimizing(graph, model)
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.uint8
    return _finish(converter)


def _trace(function: Callable[..., tuple[tf.Tensor, ...]], model: keras.Model) -> Graph:
    pictures = tf.TensorSpec([1, *model.input_shape[1:]], tf.float32, "pictures")
    return tf.function(function).get_concrete_function(pictures)


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


def _converter(graph: Graph, model: keras.Model) -> tf.lite.TFLiteConverter:
    # The converter saves what it is given whole: a Keras model would have each of its layers traced, for half a minute.
    variables = tf.Module()
    variables.all = model.variables
    converter = tf.lite.TFLiteConverter.from_concrete_functions([graph], variables)
    converter.allow_custom_ops = True
    return converter


def _optimizing(graph: Graph, model: keras.Model) -> tf.lite.TFLiteConverter:
    converter = _converter(graph, model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return converter


def _finish(converter: tf.lite.TFLiteConverter) -> bytes:
    with silence():
        content = converter.convert()
    return _in_order(content)


def _in_order(content: bytes) -> bytes:
    """The file with its outputs in the order in which the graph returns them, which the converter shuffles."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    (graph,), (signature,) = model.subgraphs, model.signatureDefs
    graph.outputs = [output.tensorIndex for output in sorted(signature.outputs, key=lambda output: output.name)]
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), _FILE_IDENTIFIER)
    return bytes(builder.Output())
