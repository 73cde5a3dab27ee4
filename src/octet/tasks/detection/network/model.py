"""The detection network: a backbone with a light feature pyramid and heads for boxes and classes.

It is one flat Keras model, because the TensorFlow Model Optimization Toolkit refuses a model inside a model.
"""

import math
from collections.abc import Mapping, Sequence

from octet.backbones import Backbone, make_backbone
from octet.common.tensorflow import keras, tf
from octet.recipe.detection import Model

_PRIOR = 0.01  # every class score before training: low, so that the many cells of background add little to the loss


def build_detector(model: Model, classes: int) -> keras.Model:
    """A new network from pictures [N, S, S, 3] to box codes [N, A, 4] and class logits [N, A, C], both float32."""
    pictures = keras.Input((model.input_size, model.input_size, 3), name="pictures")
    features = _pyramid(detector_backbone(model).features(pictures), model)
    codes = [_head(features[stride], f"boxes_{stride}", model.head_layers, 4, bias=0.0) for stride in model.strides]
    prior_logit = -math.log(1 / _PRIOR - 1)
    logits = [
        _head(features[stride], f"classes_{stride}", model.head_layers, classes, bias=prior_logit)
        for stride in model.strides
    ]
    detector = keras.Model(pictures, [_rows(codes, "boxes"), _rows(logits, "classes")], name="detector")
    for layer in detector.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            # With Keras' 0.999 it takes thousands of steps until the moving averages, which inference uses, are right.
            layer.momentum = model.batch_norm_momentum
    return detector


def detector_backbone(model: Model) -> Backbone:
    """The backbone that a recipe's section `model` names."""
    return make_backbone(model.backbone, model.alpha)


def _pyramid(backbone: Mapping[int, tf.Tensor], model: Model) -> dict[int, tf.Tensor]:
    """The feature maps of every level, by stride.

    Up to the backbone's last stride, a level adds the upsampled features of the next coarser one to the backbone's;
    each further level is computed from the one before, at half the resolution.
    """
    features: dict[int, tf.Tensor] = {}
    for stride in sorted(set(model.strides) & set(backbone), reverse=True):
        lateral = keras.layers.Conv2D(model.neck_channels, 1, use_bias=False, name=f"lateral_{stride}")(
            backbone[stride]
        )
        merged = keras.layers.BatchNormalization(name=f"lateral_{stride}_norm")(lateral)
        if 2 * stride in features:
            # Bilinear, because the gradient of nearest-neighbour upsampling is not deterministic on a GPU; in float32,
            # because the gradient of bilinear upsampling always is, and XLA demands equal types.
            up = keras.layers.UpSampling2D(interpolation="bilinear", dtype="float32", name=f"up_{stride}")
            coarser = up(features[2 * stride])
            merged = keras.layers.Add(name=f"add_{stride}")([merged, coarser])
        features[stride] = merged
    for stride in model.strides:
        source = features[stride] if stride in features else features[stride // 2]
        step = 1 if stride in features else 2
        features[stride] = _separable(source, model.neck_channels, f"neck_{stride}", step)
    return features


def _head(features: tf.Tensor, name: str, layers: int, depth: int, bias: float) -> tf.Tensor:
    """The predictions of a grid's cells, `depth` numbers for each, after so many further layers: [N, cells, depth]."""
    x = features
    for number in range(layers):
        x = _separable(x, x.shape[-1], f"{name}_layer_{number}")
    x = _depthwise(x, f"{name}_depthwise")
    x = keras.layers.Conv2D(depth, 1, bias_initializer=keras.initializers.Constant(bias), name=f"{name}_pointwise")(x)
    return keras.layers.Reshape((-1, depth), name=f"{name}_rows")(x)


def _rows(levels: Sequence[tf.Tensor], name: str) -> tf.Tensor:
    """The predictions of all levels concatenated to [N, A, depth], in float32 whatever the network computes in."""
    return keras.layers.Concatenate(axis=1, name=name, dtype="float32")(levels)


def _separable(x: tf.Tensor, channels: int, name: str, strides: int = 1) -> tf.Tensor:
    x = _depthwise(x, f"{name}_depthwise", strides)
    return _normalized(keras.layers.Conv2D(channels, 1, use_bias=False, name=name)(x), name)


def _depthwise(x: tf.Tensor, name: str, strides: int = 1) -> tf.Tensor:
    return _normalized(keras.layers.DepthwiseConv2D(3, strides, padding="same", use_bias=False, name=name)(x), name)


def _normalized(x: tf.Tensor, name: str) -> tf.Tensor:
    x = keras.layers.BatchNormalization(name=f"{name}_norm")(x)
    return keras.layers.ReLU(6.0, name=f"{name}_relu")(x)
