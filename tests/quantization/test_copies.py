"""A fake-quantized network, and copies of it, are those that TFMOT makes."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from conftest import tiny_params
from helpers.classifying import CLASSES, classifier_recipe
from octet.common.tensorflow import keras, tf
from octet.quantization.qat import activation_ranges, clone, freeze_ranges, quantize, trained_variables
from octet.quantization.scheme import CUSTOM_OBJECTS, PerChannelScheme, UnroundedOutputConfig
from octet.quantization.tfmot import tfmot
from octet.recipe.detection import Model
from octet.tasks.classification.network.model import build_classifier
from octet.tasks.detection.network.model import build_detector


def detector() -> keras.Model:
    keras.utils.set_random_seed(1)
    return build_detector(Model.model_validate(tiny_params()["quickstart"]["model"]), classes=3)


def classifier() -> keras.Model:
    keras.utils.set_random_seed(1)
    return build_classifier(classifier_recipe(backbone="resnet50_v2", alpha=1.0).model, classes=len(CLASSES))


@pytest.mark.parametrize(
    ("build", "float_layers", "unrounded"),
    [
        (
            detector,
            ["Conv1_relu", "block_5_project_BN", "boxes_16_pointwise"],
            ["Conv1", "bn_Conv1", "block_5_project", "block_5_project_BN", "boxes_16_pointwise"],
        ),
        (classifier, ["logits"], ["logits"]),
    ],
    ids=["detector", "classifier"],
)
def test_a_copy_is_the_one_that_tfmot_makes(
    build: Callable[[], keras.Model], float_layers: Sequence[str], unrounded: Sequence[str]
) -> None:
    """Its `quantize_apply` rounds the layers that are annotated."""
    network = build()
    before_reshape = {
        layer.input._keras_history.layer.name for layer in network.layers if isinstance(layer, keras.layers.Reshape)
    }

    def annotate(layer: keras.layers.Layer) -> keras.layers.Layer:
        if layer.name in unrounded:
            return layer
        config = UnroundedOutputConfig() if layer.name in before_reshape else None
        return tfmot.quantization.keras.quantize_annotate_layer(layer, config)

    keras.backend.reset_uids()
    with keras.utils.custom_object_scope(CUSTOM_OBJECTS):
        annotated = keras.models.clone_model(network, clone_function=annotate)
        theirs = tfmot.quantization.keras.quantize_apply(annotated, PerChannelScheme())
    keras.backend.reset_uids()  # they count in the input's name
    ours = quantize(network, float_layers)
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    assert [weight.name for weight in ours.weights] == [weight.name for weight in theirs.weights]
    assert_alike(ours, theirs)


def test_a_clone_computes_and_learns_alike() -> None:
    quantized = quantize(detector())
    copy = clone(quantized)
    assert_alike(quantized, copy)
    freeze_ranges(copy)
    before = [float(end) for _, *ends in activation_ranges(copy) for end in ends]
    copy(2 * pictures_for(copy), training=True)
    assert [float(end) for _, *ends in activation_ranges(copy) for end in ends] == before


def assert_alike(one: keras.Model, other: keras.Model) -> None:
    """They compute the same, and their ranges move alike."""
    shapes = [[variable.shape for variable in trained_variables(network)] for network in (one, other)]
    assert shapes[0] == shapes[1]
    pictures = pictures_for(one)
    for training in (False, True):  # in training, the ranges move
        keras.utils.set_random_seed(2)  # of dropout
        ours = tf.nest.flatten(one(pictures, training))
        keras.utils.set_random_seed(2)
        for output, same in zip(ours, tf.nest.flatten(other(pictures, training)), strict=True):
            np.testing.assert_array_equal(output, same)
    for weight, same in zip(one.weights, other.weights, strict=True):
        np.testing.assert_array_equal(weight, same)


def pictures_for(network: keras.Model) -> tf.Tensor:
    return tf.random.stateless_uniform([2, *network.input_shape[1:]], [1, 2], -1, 1)
