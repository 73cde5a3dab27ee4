"""Small .tflite files with many kinds of operators, in float and in integers."""

from functools import cache

import numpy as np

from conftest import detection_recipe
from octet.common.tensorflow import keras, tf
from octet.tasks.detection.network.model import build_detector
from octet.tasks.detection.shipping.part import Shipping
from octet.tflite.files.appending import append_operators
from octet.tflite.files.conversion import to_float, to_integer, trace_graph

SIDE = 16


@cache
def branched_file(integer: bool) -> bytes:
    """A network with branches, a residual addition and two outputs, of which one is read within as well."""
    keras.utils.set_random_seed(3)
    pictures = keras.Input((SIDE, SIDE, 3))
    trunk = keras.layers.Conv2D(8, 3, strides=2, padding="same", activation="relu6", name="stem")(pictures)
    branch = keras.layers.DepthwiseConv2D(3, padding="same", name="depthwise")(trunk)
    branch = keras.layers.Conv2D(8, 1, name="pointwise")(branch)
    joined = keras.layers.Add(name="join")([trunk, branch])
    large = keras.layers.Conv2DTranspose(4, 2, strides=2, name="up")(joined)
    flat = keras.layers.GlobalAveragePooling2D(name="pool")(joined)
    model = keras.Model(pictures, [joined, large, keras.layers.Dense(5, activation="softmax", name="dense")(flat)])
    spec = tf.TensorSpec([1, SIDE, SIDE, 3], tf.float32)
    traced = trace_graph(lambda given: model(given, training=False), model.variables, spec)
    if not integer:
        return to_float(traced)
    noise = np.random.default_rng(5).uniform(-1, 1, (4, 1, SIDE, SIDE, 3)).astype(np.float32)
    return to_integer(traced, lambda: ([picture] for picture in noise))


@cache
def detector_file(integer: bool = True) -> bytes:
    """A detector of random weights that finds every class, with the custom operator and those appended to it."""
    keras.utils.set_random_seed(3)
    recipe = detection_recipe()
    model = recipe.model.model_copy(update={"input_size": 64, "batch_norm_momentum": 0.0})
    network = build_detector(model, len(recipe.dataset.classes))
    noise = np.random.default_rng(5).uniform(-1, 1, (8, 64, 64, 3)).astype(np.float32)
    network(noise, training=True)  # for the statistics of batch norm, without which all cells are alike
    for layer in network.layers:
        if layer.name.startswith("classes") and layer.name.endswith("pointwise"):
            kernel, bias = layer.get_weights()
            layer.set_weights([kernel * 4, bias])  # scores from 0 to 1, of each class somewhere
    shipping = Shipping(recipe.model_copy(update={"model": model}), recipe.dataset.classes)
    traced = shipping.trace_shipped(network)
    content = to_integer(traced, lambda: ([picture[None]] for picture in noise)) if integer else to_float(traced)
    return append_operators(content, shipping.appended_operators)


def two_headed_file(side: int) -> bytes:
    """An integer network of random weights for pictures [side, side, 3], whose two outputs change with the picture."""
    keras.utils.set_random_seed(3)
    pictures = keras.Input((side, side, 3))
    trunk = keras.layers.Conv2D(16, 5, strides=4, padding="same", activation="relu")(pictures)
    trunk = keras.layers.Conv2D(16, 3, padding="same", activation="relu")(trunk)
    codes, scores = (keras.layers.Conv2D(depth, 1)(trunk) for depth in (4, 6))
    codes, scores = (keras.layers.Reshape((-1, head.shape[-1]))(head) for head in (codes, scores))
    model = keras.Model(pictures, [codes, scores])
    spec = tf.TensorSpec([1, side, side, 3], tf.float32)
    traced = trace_graph(lambda given: model(given, training=False), model.variables, spec)
    noise = np.random.default_rng(5).uniform(-1, 1, (4, 1, side, side, 3)).astype(np.float32)
    return to_integer(traced, lambda: ([picture] for picture in noise), output_type=tf.uint8)
