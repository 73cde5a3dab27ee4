"""The classification network: a backbone, the mean of its features over the picture, dropout and one dense layer.

It is one flat Keras model, because the TensorFlow Model Optimization Toolkit refuses a model inside a model.
"""

from octet.backbones import Backbone, make_backbone
from octet.common.tensorflow import keras
from octet.recipe.classification import Model


def build_classifier(model: Model, classes: int) -> keras.Model:
    """A new network from pictures [N, S, S, 3] to class logits [N, C], in float32."""
    pictures = keras.Input((model.input_size, model.input_size, 3), name="pictures")
    features = classifier_backbone(model).last_features(pictures)  # [N, S / 32, S / 32, F]
    mean = keras.layers.GlobalAveragePooling2D(name="mean")(features)  # [N, F]
    kept = keras.layers.Dropout(model.dropout, name="dropout")(mean)
    logits = keras.layers.Dense(classes, name="logits", dtype="float32")(kept)  # whatever the network computes in
    classifier = keras.Model(pictures, logits, name="classifier")
    for layer in classifier.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            # With Keras' own it takes thousands of steps until the moving averages, which inference uses, are right.
            layer.momentum = model.batch_norm_momentum
    return classifier


def classifier_backbone(model: Model) -> Backbone:
    """The backbone that a recipe's section `model` names."""
    return make_backbone(model.backbone, model.alpha)
