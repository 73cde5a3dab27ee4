"""What replicas of a network have to know of one another while each computes its part of a batch.

In a training on one device the only replica's part is the whole, and nothing here changes a value.
"""

from collections.abc import Sequence

from octet.common.tensorflow import tf


def count_replicas() -> int:
    """The number of replicas that compute the batch together."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def sum_over_replicas(value: tf.Tensor) -> tf.Tensor:
    """The sum of what all replicas have at this place."""
    if count_replicas() == 1:
        return value
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, value)


def share_of_mean(values: tf.Tensor) -> tf.Tensor:
    """What a replica's values add to the mean over those of all replicas, each of which has as many."""
    return tf.reduce_mean(values) / count_replicas()


def local_value(variable: tf.Variable) -> tf.Variable:
    """A variable as the first replica of this process has it; all others have the same.

    TensorFlow would ask all of them for their mean, also those of machines that are not asking.
    """
    return variable.values[0] if isinstance(variable, tf.distribute.DistributedValues) else variable


def max_over_processes(number: int) -> int:
    """The greatest of the numbers that the processes of a training have."""
    strategy = tf.distribute.get_strategy()
    if strategy.num_replicas_in_sync == 1:
        return number
    return int(tf.reduce_max(strategy.gather(_on_every_replica(strategy, [number]), axis=0)))


def take_from_chief(strategy: tf.distribute.Strategy, values: Sequence[tf.Tensor], is_chief: bool) -> list[tf.Tensor]:
    """The values that the chief has, in every process."""

    def chosen(value: tf.Tensor) -> tf.Tensor:
        context = tf.distribute.get_replica_context()
        is_first = is_chief and context.replica_id_in_sync_group == 0
        nothing = -tf.zeros_like(value)  # -0.0 is what every number stays the same with, 0.0 as well
        return context.all_reduce(tf.distribute.ReduceOp.SUM, value if is_first else nothing)

    @tf.function
    def exchange(values: list[tf.Tensor]) -> list[tf.Tensor]:
        parts = strategy.run(lambda values: [chosen(value) for value in values], (values,))
        return [strategy.experimental_local_results(part)[0] for part in parts]

    return exchange([tf.convert_to_tensor(value) for value in values])


def _on_every_replica(strategy: tf.distribute.Strategy, value: object) -> tf.Tensor:
    return strategy.experimental_distribute_values_from_function(lambda _: tf.constant(value))
