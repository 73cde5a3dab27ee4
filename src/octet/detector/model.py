"""SSDLite on MobileNetV2, as one flat functional graph: a model inside a model is refused by TFMOT."""

import math

from octet.detector.anchors import anchors_per_cell, grid_side
from octet.recipe import Model
from octet.tensorflow import keras, tf

# Where the backbone offers a stride's features, expanded as far as they go.
_BACKBONE_LEVELS = {8: "block_6_expand_relu", 16: "block_13_expand_relu", 32: "out_relu"}
_PRIOR = 0.01  # the score of every class before training, so that the many background anchors start quiet


def build_detector(model: Model, classes: int) -> keras.Model:
    """From pictures [N, S, S, 3] to box codes [N, A, 4] and class logits [N, A, C]."""
    pictures = keras.Input((model.input_size, model.input_size, 3), name="pictures")
    backbone = keras.applications.MobileNetV2(input_tensor=pictures, alpha=model.alpha, include_top=False, weights=None)
    codes, logits = [], []
    features = None
    for stride in model.strides:
        features = _level(backbone, features, stride, model)
        cells = grid_side(model.input_size, stride) ** 2
        per_cell = anchors_per_cell(model)
        codes.append(_head(features, f"boxes_{stride}", cells, per_cell, 4, bias=0.0))
        logits.append(_head(features, f"classes_{stride}", cells, per_cell, classes, bias=-math.log(1 / _PRIOR - 1)))
    outputs = [keras.layers.Concatenate(axis=1, name=name)(of) for name, of in (("boxes", codes), ("classes", logits))]
    detector = keras.Model(pictures, outputs, name="detector")
    for layer in detector.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            # Keras' 0.999 needs thousands of steps before inference sees what training saw.
            layer.momentum = model.batch_norm_momentum
    return detector


def _level(backbone: keras.Model, previous: tf.Tensor | None, stride: int, model: Model) -> tf.Tensor:
    """The features of a stride: the backbone's, or beyond it the previous level's, halved."""
    if stride in _BACKBONE_LEVELS:
        return backbone.get_layer(_BACKBONE_LEVELS[stride]).output
    squeezed = _convolution(previous, model.extra_channels // 2, f"extra_{stride}_squeeze")
    halved = _depthwise(squeezed, f"extra_{stride}_depthwise", strides=2)
    return _convolution(halved, model.extra_channels, f"extra_{stride}_expand")


def _head(features: tf.Tensor, name: str, cells: int, per_cell: int, depth: int, bias: float) -> tf.Tensor:
    """A depthwise and a pointwise convolution, laid out as one row an anchor: [N, cells * per_cell, depth]."""
    x = _depthwise(features, f"{name}_depthwise")
    x = keras.layers.Conv2D(
        per_cell * depth, 1, bias_initializer=keras.initializers.Constant(bias), name=f"{name}_pointwise"
    )(x)
    return keras.layers.Reshape((cells * per_cell, depth), name=f"{name}_rows")(x)


def _convolution(x: tf.Tensor, channels: int, name: str) -> tf.Tensor:
    return _normalized(keras.layers.Conv2D(channels, 1, use_bias=False, name=name)(x), name)


def _depthwise(x: tf.Tensor, name: str, strides: int = 1) -> tf.Tensor:
    x = keras.layers.DepthwiseConv2D(3, strides, padding="same", use_bias=False, name=name)(x)
    return _normalized(x, name)


def _normalized(x: tf.Tensor, name: str) -> tf.Tensor:
    x = keras.layers.BatchNormalization(name=f"{name}_norm")(x)
    return keras.layers.ReLU(6.0, name=f"{name}_relu")(x)
