"""ResNet50V2 computes what Keras' own computes with the same weights; its first blocks can be frozen."""

from pathlib import Path

import numpy as np
import pytest

from helpers.classifying import classifier_recipe, noise, settle_batch_norm
from octet.backbones import Backbone, make_backbone
from octet.common.errors import UserError
from octet.common.tensorflow import keras
from octet.data.reading.pixels import normalize
from octet.tasks.classification.network.model import build_classifier

SIZE = 64


@pytest.fixture(scope="module")
def theirs() -> keras.Model:
    """Keras' own with statistics of its own in each norm."""
    keras.utils.set_random_seed(3)
    network = keras.applications.ResNet50V2(input_shape=(SIZE, SIZE, 3), include_top=False, weights=None)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.5
    settle_batch_norm(network, normalize(noise(4, SIZE)))
    return network


@pytest.fixture(scope="module")
def trunk() -> Backbone:
    return make_backbone("resnet50_v2", 1.0)


@pytest.fixture
def classifier() -> keras.Model:
    return build_classifier(classifier_recipe(backbone="resnet50_v2", alpha=1.0).model, 3)


def test_it_computes_what_keras_own_computes(
    theirs: keras.Model, trunk: Backbone, classifier: keras.Model, tmp_path: Path
) -> None:
    theirs.save_weights(tmp_path / "theirs.h5")
    trunk.load(classifier, tmp_path / "theirs.h5")
    ours = keras.Model(classifier.input, classifier.get_layer("post_relu").output)
    pictures = normalize(noise(3, SIZE))
    expected = theirs(pictures, training=False).numpy()
    assert np.ptp(expected) > 1
    np.testing.assert_allclose(ours(pictures, training=False), expected, atol=np.ptp(expected) / 1000)


def test_other_weights_are_refused(trunk: Backbone, classifier: keras.Model, tmp_path: Path) -> None:
    other = keras.applications.MobileNetV2((96, 96, 3), 0.35, include_top=False, weights=None)
    other.save_weights(tmp_path / "other.h5")
    with pytest.raises(
        UserError, match=r"other\.h5: not the weights of a ResNet50V2 without top: it has no layer conv1"
    ):
        trunk.load(classifier, tmp_path / "other.h5")


def test_features_halve_from_stride_to_stride(trunk: Backbone) -> None:
    features = trunk.features(keras.Input((SIZE, SIZE, 3)))
    assert {stride: tuple(of.shape[1:]) for stride, of in features.items()} == {
        4: (16, 16, 64),
        8: (8, 8, 128),
        16: (4, 4, 256),
        32: (2, 2, 2048),
    }


@pytest.mark.parametrize(
    ("blocks", "first"),
    [(0, "conv1_conv"), (1, "conv2_block2_preact_bn"), (3, "conv3_block1_preact_bn"), (16, "post_bn")],
)
def test_the_first_blocks_are_frozen(trunk: Backbone, classifier: keras.Model, blocks: int, first: str) -> None:
    trunk.freeze(classifier, blocks)
    backbone, others = trunk.split_variables(classifier)
    assert backbone[0].name.startswith(f"{first}/")
    assert [variable.name for variable in others] == ["logits/kernel:0", "logits/bias:0"]


def test_all_of_it_can_be_frozen(trunk: Backbone, classifier: keras.Model) -> None:
    trunk.freeze(classifier, "all")
    assert [variable.name for variable in classifier.trainable_variables] == ["logits/kernel:0", "logits/bias:0"]


def test_more_blocks_than_it_has_are_refused(trunk: Backbone, classifier: keras.Model) -> None:
    with pytest.raises(UserError, match="frozen_blocks is 17: ResNet50V2 has 16"):
        trunk.freeze(classifier, 17)
