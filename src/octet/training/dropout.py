"""Dropout that depends on nothing but what it drops, so that an interrupted training ends as an uninterrupted one."""

from octet.common.tensorflow import keras, tf


class RepeatableDropout(keras.layers.Dropout):
    """Dropout with a mask that is drawn from the features themselves, and so is another for every batch.

    Keras' own counts what it has drawn, where no checkpoint sees it.
    """

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        if not training or not self.rate:
            return inputs
        bits = tf.bitcast(tf.cast(inputs, tf.float32), tf.int32)
        seed = tf.stack([tf.reduce_sum(bits), tf.size(bits)])  # whole numbers: the order of the sum is no matter
        return tf.nn.experimental.stateless_dropout(inputs, self.rate, seed, rng_alg="philox")


def make_dropout_repeatable(network: keras.Model) -> None:
    """Let a network's dropout be repeatable; the network may be fake-quantized."""
    for layer in network.layers:
        dropout = getattr(layer, "layer", layer)
        if isinstance(dropout, keras.layers.Dropout):
            # Of a network that is built: fake quantization copies layers by their class, and knows Keras' own alone.
            dropout.__class__ = RepeatableDropout
