"""Batch norm whose statistics are those of the pictures of all replicas together."""

from octet.common.replicas import count_replicas, from_all_replicas
from octet.common.tensorflow import keras, tf


class SynchronizedBatchNorm(keras.layers.BatchNormalization):
    """Batch norm over the batches [N, H, W, C] of all replicas, as the kernel for one device computes it over them all.

    Keras' own synchronized layer takes the difference of two large sums for the variance, and leaves the moving
    variance smaller than that kernel does.
    """

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        if not training or not self.trainable:
            return super().call(inputs, training=False)
        x = tf.cast(inputs, tf.float32)
        moments = tf.stack(tf.nn.moments(x, axes=[0, 1, 2]))  # [2, C]
        means, variances = tf.unstack(from_all_replicas(moments), axis=1)  # [R, C], [R, C]
        mean = tf.reduce_mean(means, axis=0)  # [C]
        variance = tf.reduce_mean(variances + tf.square(means - mean), axis=0)  # [C]
        count = tf.cast(count_replicas() * tf.size(x) // x.shape[-1], tf.float32)
        self._assign_moving_average(self.moving_mean, mean, self.momentum, None)
        self._assign_moving_average(self.moving_variance, variance * count / (count - 1), self.momentum, None)
        outputs = tf.nn.batch_normalization(x, mean, variance, self.beta, self.gamma, self.epsilon)
        return tf.cast(outputs, inputs.dtype)


def synchronize_batch_norm(network: keras.Model) -> None:
    """Let a network's batch norm see the pictures of all replicas; it may be fake-quantized."""
    for layer in network.layers:
        norm = getattr(layer, "layer", layer)
        if isinstance(norm, keras.layers.BatchNormalization):
            # Of a network that is built: fake quantization copies layers by their class, and knows Keras' own alone.
            norm.__class__ = SynchronizedBatchNorm
