"""Traces detectors as graphs that can be converted.

The detection post-processing is one operator of the TFLite runtime that TensorFlow does not have. A function that
carries the operator's name and attributes stands in for it, and the converter replaces the function by the operator.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from octet.common.tensorflow import keras, tf
from octet.recipe.detection import Suppression
from octet.tasks.detection.network.boxes import CODE_SCALES
from octet.tflite.files.conversion import TracedGraph, trace_network

_POSTPROCESS = "TFLite_Detection_PostProcess"

# With t threads, the runtime's operator skips class t where 1 < t < classes. This many empty classes come before the
# real ones, so that up to 8 threads, which are all that the devices for such files have, give the same detections as 1.
EMPTY_CLASSES = 9


def trace_detector(model: keras.Model, cells: NDArray[np.float32], suppression: Suppression) -> TracedGraph:
    """The graph from a picture [1, S, S, 3] to boxes, classes, scores and count, with suppression inside."""
    _, classes = model.output_shape
    postprocess = _postprocess(suppression, EMPTY_CLASSES + classes[-1])

    def detections(codes: tf.Tensor, logits: tf.Tensor) -> tuple[tf.Tensor, ...]:
        scores = tf.pad(tf.sigmoid(logits), [[0, 0], [0, 0], [EMPTY_CLASSES, 0]])  # [1, A, E + C]
        return postprocess(codes, scores, tf.constant(cells))

    return trace_network(model, detections, has_runtime_ops=True)


def trace_heads(model: keras.Model) -> TracedGraph:
    """The graph from a picture [1, S, S, 3] to box codes [1, A, 4] and scores [1, A, C].

    It has no custom operator, which some compilers do not take.
    """
    return trace_network(model, lambda codes, logits: (codes, tf.sigmoid(logits)))


def _postprocess(suppression: Suppression, classes: int) -> Callable[..., tuple[tf.Tensor, ...]]:
    """The function that stands in for the runtime's operator: only its name, attributes and signature matter."""
    y, x, height, width = CODE_SCALES
    attributes: dict[str, int | float | bool] = {
        "max_detections": suppression.max_detections,
        "max_classes_per_detection": 1,
        "detections_per_class": suppression.max_detections,
        "use_regular_nms": True,
        "nms_score_threshold": suppression.score_threshold,
        "nms_iou_threshold": suppression.iou_threshold,
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
        slots = suppression.max_detections
        return tf.zeros([1, slots, 4]), tf.zeros([1, slots]), tf.zeros([1, slots]), tf.zeros([1])

    return postprocess


def _attribute(key: str, value: int | float | bool) -> str:
    """An attribute of the operator, in the text format of protocol buffers."""
    kind = {bool: "b", int: "i", float: "f"}[type(value)]
    text = str(value).lower() if kind == "b" else f"{value:g}" if kind == "i" else f"{value:f}"
    return f'attr {{ key: "{key}" value {{ {kind}: {text} }} }}'
