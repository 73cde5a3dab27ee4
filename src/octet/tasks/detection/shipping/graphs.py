"""Detectors as graphs to convert.

The detection post-processing is one op of the TFLite runtime that TensorFlow does not know: a function that carries
the op's name and attributes stands in for it, and the converter puts the op in its place.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from octet.common.tensorflow import keras, tf
from octet.recipe.detection import Suppression
from octet.tasks.detection.network.boxes import CODE_SCALES
from octet.tflite.files.conversion import TracedGraph, trace_graph

_POSTPROCESS = "TFLite_Detection_PostProcess"

# Given t threads, the runtime's op never looks at class t where 1 < t < classes. This many empty classes stand before
# ours, so that up to 8 threads, which is all that the devices for such files have, find all that one finds.
EMPTY_CLASSES = 9


def trace_detector(model: keras.Model, anchors: NDArray[np.float32], how: Suppression) -> TracedGraph:
    """Pictures to boxes, classes, scores and count: decoded and suppressed inside the graph."""
    _, classes = model.output_shape
    postprocess = _postprocess(how, EMPTY_CLASSES + classes[-1])

    def detect(pictures: tf.Tensor) -> tuple[tf.Tensor, ...]:
        codes, logits = model(pictures, training=False)
        scores = tf.pad(tf.sigmoid(logits), [[0, 0], [0, 0], [EMPTY_CLASSES, 0]])  # [1, A, E + C]
        return postprocess(codes, scores, tf.constant(anchors))

    return trace_graph(detect, model.variables, _picture(model), has_runtime_ops=True)


def trace_heads(model: keras.Model) -> TracedGraph:
    """Pictures to box codes [1, A, 4] and scores [1, A, C], for compilers that take no custom op."""

    def heads(pictures: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        codes, logits = model(pictures, training=False)
        return codes, tf.sigmoid(logits)

    return trace_graph(heads, model.variables, _picture(model))


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
