"""A backbone with a light feature pyramid, as one flat graph: TFMOT refuses a model inside a model."""

import math
from collections.abc import Mapping, Sequence

from octet.backbones import Backbone, make_backbone
from octet.common.tensorflow import keras, tf
from octet.recipe.detection import Level, Model
from octet.tasks.detection.network.anchors import grid_side

_PRIOR = 0.01  # the score of every class before training, so that the many background anchors start quiet


def build_detector(model: Model, classes: int) -> keras.Model:
    """From pictures [N, S, S, 3] to box codes [N, A, 4] and class logits [N, A, C], in 32 bits."""
    pictures = keras.Input((model.input_size, model.input_size, 3), name="pictures")
    features = _pyramid(backbone_of(model).features(pictures), model)
    codes = [_head(features[level.stride], "boxes", level, model, 4, bias=0.0) for level in model.levels]
    quiet = -math.log(1 / _PRIOR - 1)
    logits = [_head(features[level.stride], "classes", level, model, classes, bias=quiet) for level in model.levels]
    detector = keras.Model(pictures, [_rows(codes, "boxes"), _rows(logits, "classes")], name="detector")
    for layer in detector.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            # Keras' 0.999 needs thousands of steps before inference sees what training saw.
            layer.momentum = model.batch_norm_momentum
    return detector


def backbone_of(model: Model) -> Backbone:
    """The trunk that the detector is built on."""
    return make_backbone(model.backbone, model.input_size, model.alpha)


def _pyramid(backbone: Mapping[int, tf.Tensor], model: Model) -> dict[int, tf.Tensor]:
    """The features of every stride: the backbone's with those of the next coarser added, and beyond it ever halved."""
    features: dict[int, tf.Tensor] = {}
    strides = [level.stride for level in model.levels]
    for stride in sorted(set(strides) & set(backbone), reverse=True):
        lateral = keras.layers.Conv2D(model.neck_channels, 1, use_bias=False, name=f"lateral_{stride}")(
            backbone[stride]
        )
        mixed = keras.layers.BatchNormalization(name=f"lateral_{stride}_norm")(lateral)
        if 2 * stride in features:
            # Not to the nearest pixel, whose gradient a GPU cannot compute the same way twice; and in 32 bits, which
            # this one's gradient has always, and the compiler insists on it.
            up = keras.layers.UpSampling2D(interpolation="bilinear", dtype="float32", name=f"up_{stride}")
            coarser = up(features[2 * stride])
            mixed = keras.layers.Add(name=f"add_{stride}")([mixed, coarser])
        features[stride] = mixed
    for stride in strides:
        source = features[stride] if stride in features else features[stride // 2]
        steps = 1 if stride in features else 2
        features[stride] = _separable(source, model.neck_channels, f"neck_{stride}", steps)
    return features


def _head(features: tf.Tensor, name: str, level: Level, model: Model, depth: int, bias: float) -> tf.Tensor:
    """What each anchor of a level says: [N, cells * anchors, depth]."""
    name = f"{name}_{level.stride}"
    x = _depthwise(features, f"{name}_depthwise")
    x = keras.layers.Conv2D(
        level.anchors * depth, 1, bias_initializer=keras.initializers.Constant(bias), name=f"{name}_pointwise"
    )(x)
    cells = grid_side(model.input_size, level.stride) ** 2
    return keras.layers.Reshape((cells * level.anchors, depth), name=f"{name}_rows")(x)


def _rows(levels: Sequence[tf.Tensor], name: str) -> tf.Tensor:
    """The levels one after the other, in 32 bits where the network computes in fewer."""
    return keras.layers.Concatenate(axis=1, name=name, dtype="float32")(levels)


def _separable(x: tf.Tensor, channels: int, name: str, strides: int) -> tf.Tensor:
    x = _depthwise(x, f"{name}_depthwise", strides)
    return _normalized(keras.layers.Conv2D(channels, 1, use_bias=False, name=name)(x), name)


def _depthwise(x: tf.Tensor, name: str, strides: int = 1) -> tf.Tensor:
    return _normalized(keras.layers.DepthwiseConv2D(3, strides, padding="same", use_bias=False, name=name)(x), name)


def _normalized(x: tf.Tensor, name: str) -> tf.Tensor:
    x = keras.layers.BatchNormalization(name=f"{name}_norm")(x)
    return keras.layers.ReLU(6.0, name=f"{name}_relu")(x)
