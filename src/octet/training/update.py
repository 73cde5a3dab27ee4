"""One update of a network: losses, gradients, the optimizers' step, and the moving average of the weights."""

from collections.abc import Callable, Sequence
from functools import reduce

from octet.common.replicas import local_value
from octet.common.tensorflow import keras, tf, traced

Targets = tuple[tf.Tensor, ...]
# (pictures, targets, the network's predictions) -> the losses by name, whose sum is minimized. Where several replicas
# compute a batch, each has a part of the pictures, and their losses add up to those of the batch.
LossFunction = Callable[[tf.Tensor, Targets, Sequence[tf.Tensor]], dict[str, tf.Tensor]]
# The losses by name, and the gradients of their sum for every trainable variable.
Gradients = tuple[dict[str, tf.Tensor], list[tf.Tensor]]

_EMA_WARMUP = 10  # steps; the average of a training that has just begun must not remember the first weights


class Update:
    """Updates a model's weights from a batch, then their moving average, which is what is validated and kept.

    It is made in the scope of a strategy, as the model is; the strategy's replicas compute the batch together. The
    average belongs to no strategy, so that it is one in every process.
    """

    def __init__(
        self,
        model: keras.Model,
        averaged: keras.Model,
        losses: LossFunction,
        optimizers: Sequence[tuple[keras.optimizers.Optimizer, Sequence[tf.Variable]]],
        ema_decay: float,
        micro_batches: int,
        at_once: int,
        xla: bool,
    ) -> None:
        """Each optimizer updates its own variables; a batch is computed in micro-batches, so many of them at once."""
        self.averaged = averaged
        self._strategy = tf.distribute.get_strategy()
        self._model, self._losses, self._optimizers = model, losses, optimizers
        self._ema_decay, self._micro_batches, self._at_once = ema_decay, micro_batches, at_once
        for optimizer, variables in optimizers:
            optimizer._create_all_weights(variables)  # so that a checkpoint finds them before the first step
        self._step = traced(self._update, jit_compile=xla)

    @property
    def variables(self) -> dict[str, list[tf.Variable]]:
        """All variables that a checkpoint needs for the training to continue as if it had not stopped."""
        return {
            "weights": self._model.weights,
            "averaged": self.averaged.weights,
            "optimizers": [variable for optimizer, _ in self._optimizers for variable in optimizer.variables()],
        }

    def __call__(self, pictures: tf.Tensor, targets: Targets) -> dict[str, tf.Tensor]:
        """Update the weights from a batch; its losses by name, as they were before the update."""
        return self._step(pictures, targets)

    def _update(self, pictures: tf.Tensor, targets: Targets) -> dict[str, tf.Tensor]:
        losses, gradients = self._batch_gradients(pictures, targets)
        self._strategy.run(self._apply, (gradients,))
        step = tf.cast(self._optimizers[0][0].iterations, tf.float32)
        decay = tf.minimum(self._ema_decay, step / (step + _EMA_WARMUP))
        for average, weight in zip(self.averaged.weights, map(local_value, self._model.weights), strict=True):
            average.assign(decay * average + (1 - decay) * weight if weight.dtype.is_floating else weight)
        return {name: self._strategy.reduce("SUM", loss, axis=None) for name, loss in losses.items()}

    def _batch_gradients(self, pictures: tf.Tensor, targets: Targets) -> Gradients:
        """The losses and gradients of each replica's part of a batch, which add up to those of the batch.

        They are means over its micro-batches, of which so many as are computed at once take memory.
        """
        rounds = self._micro_batches // self._at_once

        def of_round(number: tf.Tensor) -> Gradients:
            gradients: Gradients = self._strategy.run(self._round_gradients, (pictures, targets, number))
            return gradients

        totals = of_round(tf.constant(0))
        if rounds > 1:

            def add(number: tf.Tensor, totals: Gradients) -> tuple[tf.Tensor, Gradients]:
                return number + 1, self._strategy.run(_add, (totals, of_round(number)))

            # No round waits for another's result: by default TensorFlow computes and keeps up to ten at once.
            _, totals = tf.while_loop(
                lambda number, _: number < rounds, add, (tf.constant(1), totals), parallel_iterations=1
            )
        if self._micro_batches > 1:
            totals = self._strategy.run(_divide, (totals, self._micro_batches))
        return totals

    def _round_gradients(self, pictures: tf.Tensor, targets: Targets, number: tf.Tensor) -> Gradients:
        """The sums over the micro-batches of a round, which TensorFlow computes side by side.

        What they change, such as batch norm's statistics, they change in their order.
        """
        first = number * self._at_once
        return reduce(_add, [self._gradients(pictures, targets, first + own) for own in range(self._at_once)])

    def _gradients(self, pictures: tf.Tensor, targets: Targets, number: tf.Tensor) -> Gradients:
        """The losses of the micro-batch of that number, and the gradients of their sum for every trainable variable."""
        pictures, targets = tf.nest.map_structure(lambda batch: self._micro_batch(batch, number), (pictures, targets))
        with tf.GradientTape() as tape:
            losses = self._losses(pictures, targets, self._model(pictures, training=True))
            total = tf.add_n(list(losses.values()))
        return losses, tape.gradient(total, self._model.trainable_variables)

    def _micro_batch(self, batch: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
        """The rows of one micro-batch; as an element of all, since XLA takes a slice for as long as the whole batch."""
        if self._micro_batches == 1:
            return batch
        return tf.reshape(batch, [self._micro_batches, -1, *batch.shape[1:]])[number]

    def _apply(self, gradients: Sequence[tf.Tensor]) -> None:
        """Let the optimizers update the weights; Keras adds up what the replicas have for each."""
        of_variable = {
            variable.ref(): gradient
            for variable, gradient in zip(self._model.trainable_variables, gradients, strict=True)
        }
        for optimizer, variables in self._optimizers:
            optimizer.apply_gradients([(of_variable[variable.ref()], variable) for variable in variables])


def _add(totals: Gradients, added: Gradients) -> Gradients:
    both: Gradients = tf.nest.map_structure(tf.add, totals, added)
    return both


def _divide(totals: Gradients, count: int) -> Gradients:
    means: Gradients = tf.nest.map_structure(lambda total: total / count, totals)
    return means
