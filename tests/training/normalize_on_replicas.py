"""Normalize a batch on parts of this machine's CPU, and print how far that is from one layer on the whole batch.

Usage: python normalize_on_replicas.py REPLICAS
A line says it as JSON: of the outputs, of the gradients, and of the moving statistics; and how many ops of the graph
are such that a GPU would refuse them under op determinism.
"""

import json
import sys

import numpy as np

from helpers.graphs import nodes
from octet.common import device
from octet.common.replicas import local_value
from octet.common.tensorflow import keras, tf
from octet.training.batch_norm import SynchronizedBatchNorm

count = int(sys.argv[1])
device.use("cpu", count)
strategy = tf.distribute.MirroredStrategy([cpu.name for cpu in tf.config.list_logical_devices("CPU")])
numbers = np.random.default_rng(1)
SHAPE = (count, 2, 5, 3, 4)  # each replica's pictures: the statistics of each are far from those of all
x = numbers.normal(size=SHAPE) * np.arange(1, count + 1).reshape(-1, 1, 1, 1, 1)
x += 3 * np.arange(count).reshape(-1, 1, 1, 1, 1)
weights = numbers.normal(size=SHAPE)  # of the outputs in the loss
gamma, beta = numbers.normal(size=(2, 4))
x, weights = x.astype(np.float32), weights.astype(np.float32)


def made(layer: keras.layers.BatchNormalization) -> keras.layers.BatchNormalization:
    layer.build((None, *SHAPE[2:]))
    layer.set_weights([gamma, beta, np.zeros(4), np.ones(4)])
    return layer


def learn(layer: keras.layers.BatchNormalization, x: tf.Tensor, weights: tf.Tensor) -> tuple[tf.Tensor, list]:
    """The outputs, and the gradients of what is normalized and of both variables."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = layer(x, training=True)
        loss = tf.reduce_sum(outputs * weights)
    return outputs, tape.gradient(loss, [x, *layer.trainable_variables])


@tf.function
def on_replicas() -> tuple[tf.Tensor, list]:
    def own() -> tuple[tf.Tensor, list]:
        number = tf.distribute.get_replica_context().replica_id_in_sync_group
        return learn(shared, tf.constant(x)[number], tf.constant(weights)[number])

    outputs, (of_x, *of_variables) = strategy.run(own)
    together = [tf.concat(strategy.experimental_local_results(parts), axis=0) for parts in (outputs, of_x)]
    return together[0], [together[1], *(strategy.reduce("SUM", part, axis=None) for part in of_variables)]


alone = made(keras.layers.BatchNormalization(momentum=0.5))
outputs, gradients = learn(alone, tf.reshape(x, [-1, *SHAPE[2:]]), tf.reshape(weights, [-1, *SHAPE[2:]]))
with strategy.scope():
    shared = made(SynchronizedBatchNorm(momentum=0.5))
shared_outputs, shared_gradients = on_replicas()


def distance(values: list, others: list) -> float:
    return max(float(np.max(np.abs(np.subtract(*pair)))) for pair in zip(values, others, strict=True))


moving = [[local_value(weight).numpy() for weight in layer.non_trainable_weights] for layer in (alone, shared)]
found = {
    "outputs": distance([outputs], [shared_outputs]),
    "gradients": distance(gradients, shared_gradients),
    "moving": distance(*moving),
    "refused": sum(
        node.op == "FusedBatchNormGradV3" and not node.attr["is_training"].b
        for node in nodes(on_replicas.get_concrete_function().graph)
    ),
}
print(json.dumps(found))
