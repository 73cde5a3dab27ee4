"""Dropout whose masks a training that goes on draws again, in float and fake-quantized networks."""

import numpy as np
import pytest

from octet.common.tensorflow import keras, tf
from octet.quantization.qat import quantize
from octet.training.dropout import make_dropout_repeatable
from octet.training.update import Update

PICTURES = tf.random.stateless_uniform((4, 8, 8, 3), [1, 2])
TARGETS = (tf.constant([[1.0]] * 4),)


def network() -> keras.Model:
    pictures = keras.Input((8, 8, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(64, 3)(pictures))
    return keras.Model(pictures, keras.layers.Dense(1)(keras.layers.Dropout(0.5)(x)))


def update_of(model: keras.Model, averaged: keras.Model) -> Update:
    def squared(_: tf.Tensor, targets: tuple[tf.Tensor, ...], predictions: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"error": tf.reduce_mean((targets[0] - predictions) ** 2)}

    optimizers = [(keras.optimizers.legacy.SGD(0.01), model.trainable_variables)]
    return Update(model, averaged, squared, optimizers, 0.0, micro_batches=1, at_once=1, xla=False)


@pytest.mark.parametrize("fake_quantized", [False, True])
def test_going_on_draws_the_masks_that_would_have_been_drawn(fake_quantized: bool) -> None:
    start = network()
    first, second, averaged = (quantize(start) if fake_quantized else network() for _ in range(3))
    for model in (first, second):
        model.set_weights(first.get_weights())
        make_dropout_repeatable(model)
    update, going_on = (update_of(model, averaged) for model in (first, second))
    update(PICTURES, TARGETS)
    second.set_weights(first.get_weights())
    losses = [float(each(PICTURES, TARGETS)["error"]) for each in (update, going_on)]
    assert losses[0] == losses[1]
    for weight, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, other)


def test_it_drops_the_rate_and_keeps_the_mean_anew_for_each_batch() -> None:
    features = tf.random.stateless_uniform((64, 512), [3, 4], 1.0, 2.0)
    model = keras.Sequential([keras.layers.Dropout(0.25, input_shape=(512,))])
    make_dropout_repeatable(model)
    dropped, again, other = (
        model(given, training=True).numpy() for given in (features, features, features[::-1] * 1.5)
    )
    assert (dropped == 0).mean() == pytest.approx(0.25, abs=0.01)
    assert dropped.mean() == pytest.approx(features.numpy().mean(), rel=0.02)
    np.testing.assert_array_equal(dropped, again)
    assert ((dropped == 0) != (other == 0)).mean() > 0.3  # 0.375 where masks are independent
    np.testing.assert_array_equal(model(features, training=False), features)
