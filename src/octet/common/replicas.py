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


def from_all_replicas(value: tf.Tensor) -> tf.Tensor:
    """What all replicas have at this place, [...] of each, stacked in their order: [R, ...]."""
    context, count = tf.distribute.get_replica_context(), count_replicas()
    # A sum with zeros: TensorFlow's own gathering exchanges shapes first, for values that differ in size.
    is_own = tf.reshape(tf.range(count) == context.replica_id_in_sync_group, [count] + [1] * value.shape.rank)
    return sum_over_replicas(tf.where(is_own, value[None], tf.zeros_like(value)[None]))


def share_of_mean(values: tf.Tensor) -> tf.Tensor:
    """What a replica's values add to the mean over those of all replicas, each of which has as many."""
    return tf.reduce_mean(values) / count_replicas()


def local_value(variable: tf.Variable) -> tf.Variable:
    """A variable as the first replica of this process has it; all others have the same.

    TensorFlow would ask all of them for their mean, also those of machines that are not asking.
    """
    return _local_values(variable)[0]


def assign_locally(variable: tf.Variable, value: tf.Tensor) -> None:
    """Assign a value to a variable in all replicas of this process, without asking other processes for theirs."""
    for own in _local_values(variable):
        own.assign(value)


def _local_values(variable: tf.Variable) -> tuple[tf.Variable, ...]:
    return variable.values if isinstance(variable, tf.distribute.DistributedValues) else (variable,)


def max_over_processes(number: int) -> int:
    """The greatest of the numbers that the processes of a training have."""
    strategy = tf.distribute.get_strategy()
    if strategy.num_replicas_in_sync == 1:
        return number
    gather = tf.function(lambda: strategy.run(lambda: tf.reduce_max(from_all_replicas(tf.constant(number)))))
    return int(strategy.experimental_local_results(gather())[0])


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
