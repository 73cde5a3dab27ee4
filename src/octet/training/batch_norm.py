"""Batch norm whose statistics are those of the pictures of all replicas together."""

from octet.common.replicas import count_replicas, from_all_replicas, sum_over_replicas
from octet.common.tensorflow import keras, tf

# What is normalized, [N, H, W, C], and the mean and the variance, [C] each, that it was normalized with.
Normalized = tuple[tf.Tensor, tf.Tensor, tf.Tensor]


class SynchronizedBatchNorm(keras.layers.BatchNormalization):
    """Batch norm over the batches [N, H, W, C] of all replicas, as the kernel for one device computes it over them all.

    Keras' own synchronized layer takes the difference of two large sums for the variance, leaves the moving variance
    smaller than that kernel does, and reads the activations many times over.
    """

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        if not training or not self.trainable:
            return super().call(inputs, training=False)
        x = tf.cast(inputs, tf.float32)
        outputs, mean, variance = _normalize(x, self.gamma, self.beta, self.epsilon)
        count = count_replicas() * _count(x)
        self._assign_moving_average(self.moving_mean, mean, self.momentum, None)
        self._assign_moving_average(self.moving_variance, variance * count / (count - 1), self.momentum, None)
        return tf.cast(outputs, inputs.dtype)


def _count(x: tf.Tensor) -> tf.Tensor:
    """The number of values in a channel."""
    return tf.cast(tf.size(x) // x.shape[-1], tf.float32)


def _normalize(x: tf.Tensor, gamma: tf.Variable, beta: tf.Variable, epsilon: float) -> Normalized:
    """Normalize with the statistics of all replicas, by the kernels of one device and what corrects their results."""

    @tf.custom_gradient
    def normalize(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) -> tuple[Normalized, object]:
        # The kernel gives the statistics of this replica's pictures; its outputs are normalized with these alone.
        own = tf.raw_ops.FusedBatchNormV3(
            x=x, scale=tf.ones_like(gamma), offset=tf.zeros_like(beta), mean=[], variance=[], epsilon=epsilon
        )
        count = _count(x)
        own_mean, own_variance = own.batch_mean, own.batch_variance * (count - 1) / count  # [C], [C]
        means, variances = tf.unstack(from_all_replicas(tf.stack([own_mean, own_variance])), axis=1)  # [R, C], [R, C]
        mean = tf.reduce_mean(means, axis=0)  # [C]
        variance = tf.reduce_mean(variances + tf.square(means - mean), axis=0)  # [C]

        def with_all(x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) -> tf.Tensor:
            return tf.raw_ops.FusedBatchNormV3(
                x=x, scale=scale, offset=offset, mean=mean, variance=variance, epsilon=epsilon, is_training=False
            ).y

        def gradient(upstream: tf.Tensor, *_: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            inverse, own_inverse = tf.math.rsqrt(variance + epsilon), tf.math.rsqrt(own_variance + epsilon)
            # What the kernel takes off the gradient, so that this replica's mean and variance stay, is put back, and
            # what it would take off for the statistics of all replicas is taken off in its place.
            kernel = tf.raw_ops.FusedBatchNormGradV3(
                y_backprop=upstream,
                x=x,
                scale=gamma * inverse / own_inverse,
                reserve_space_1=own.reserve_space_1,
                reserve_space_2=own.reserve_space_2,
                reserve_space_3=own.reserve_space_3,
                epsilon=epsilon,
            )
            of_beta = kernel.offset_backprop  # [C]
            along = kernel.scale_backprop * own_inverse / count  # [C]
            of_gamma = inverse * (kernel.scale_backprop / own_inverse + (own_mean - mean) * of_beta)  # [C]
            all_beta, all_gamma = tf.unstack(sum_over_replicas(tf.stack([of_beta, of_gamma])))
            total = count_replicas() * count
            scale = gamma * (along - inverse * all_gamma / total)
            offset = gamma * inverse * (of_beta / count - all_beta / total + (mean - own_mean) * along)
            return kernel.x_backprop + with_all(x, scale, offset), of_gamma, of_beta

        return (with_all(x, gamma, beta), mean, variance), gradient

    normalized: Normalized = normalize(x, gamma, beta)
    return normalized


def synchronize_batch_norm(network: keras.Model) -> None:
    """Let a network's batch norm see the pictures of all replicas; it may be fake-quantized."""
    for layer in network.layers:
        norm = getattr(layer, "layer", layer)
        if isinstance(norm, keras.layers.BatchNormalization):
            # Of a network that is built: fake quantization copies layers by their class, and knows Keras' own alone.
            norm.__class__ = SynchronizedBatchNorm
