"""Balanced channels reach equally far, and the network computes what it did."""

import numpy as np
import pytest

from conftest import tiny_params
from octet.common.tensorflow import keras, tf
from octet.recipe.detection import Model
from octet.tasks.detection.network.model import build_detector
from octet.training.balancing import balance_channels

PICTURES = tf.random.stateless_uniform((8, 64, 64, 3), [1, 2], -1, 1)


@pytest.fixture
def network() -> keras.Model:
    """A detector whose channels differ by orders of magnitude, as those of a trained one do."""
    keras.utils.set_random_seed(1)
    model = build_detector(Model.model_validate(tiny_params()["quickstart"]["model"]), classes=3)
    random = np.random.default_rng(2)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            gamma, *others = layer.get_weights()
            layer.set_weights([np.exp(random.normal(0, 1.5, gamma.shape)), *others])
    return model


def reach(network: keras.Model, layer: str) -> np.ndarray:
    """How far each channel of a layer's output goes: [C]."""
    values = keras.Model(network.input, network.get_layer(layer).output)(PICTURES)
    reach: np.ndarray = np.abs(values).max(axis=(0, 1, 2))
    return reach


LINEAR = ["expanded_conv_project_BN", "block_2_add", "block_5_add", "block_12_add", "block_16_project_BN", "add_8"]


def test_the_network_computes_what_it_did(network: keras.Model) -> None:
    before, spread = network(PICTURES), {name: np.log(reach(network, name)).std() for name in LINEAR}
    balance_channels(network, [PICTURES])
    for old, new in zip(before, network(PICTURES), strict=True):
        np.testing.assert_allclose(new, old, rtol=1e-3, atol=1e-3 * np.abs(old).max())
    for name in LINEAR:
        assert np.log(reach(network, name)).std() < 0.8 * spread[name], name


def test_what_an_activation_bends_is_left_alone(network: keras.Model) -> None:
    bent = ["bn_Conv1", "block_3_expand_BN", "block_3_depthwise_BN", "neck_16_norm", "boxes_16_depthwise_norm"]
    before = {name: network.get_layer(name).get_weights() for name in bent}
    balance_channels(network, [PICTURES])
    for name in bent:
        for old, new in zip(before[name], network.get_layer(name).get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)


def test_a_silent_channel_stays_finite_and_outputs_are_not_scaled() -> None:
    pictures = keras.Input((4, 4, 3))
    x = keras.layers.BatchNormalization(name="inner")(keras.layers.Conv2D(5, 1)(pictures))
    x = keras.layers.BatchNormalization(name="last")(keras.layers.Conv2D(2, 1)(x))
    network = keras.Model(pictures, x)
    gamma, beta, *statistics = network.get_layer("inner").get_weights()
    network.get_layer("inner").set_weights([gamma * [1, 0, 1, 10, 0.1], beta, *statistics])
    batch = tf.random.stateless_uniform((6, 4, 4, 3), [3, 4])
    before, last = network(batch), network.get_layer("last").get_weights()
    balance_channels(network, [batch])
    np.testing.assert_allclose(network(batch), before, rtol=1e-4, atol=1e-6)
    for old, new in zip(last, network.get_layer("last").get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
