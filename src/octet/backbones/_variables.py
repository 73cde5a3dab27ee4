"""Tells the variables of a network's trunk from those of what is built on it."""

from collections.abc import Callable

from octet.common.tensorflow import keras, tf


def split_variables(
    network: keras.Model, is_in_trunk: Callable[[str], bool]
) -> tuple[list[tf.Variable], list[tf.Variable]]:
    """The trainable variables of the layers whose names are of the trunk, and those of all others."""
    trunk: list[tf.Variable] = []
    others: list[tf.Variable] = []
    for layer in network.layers:
        (trunk if is_in_trunk(layer.name) else others).extend(layer.trainable_variables)
    return trunk, others
