"""The same bytes from the same inputs."""

from octet.tensorflow import keras, tf


def make_deterministic(seed: int) -> None:
    """Seed everything and refuse nondeterministic kernels."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
