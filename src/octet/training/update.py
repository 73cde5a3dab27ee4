"""One update of a network: losses, gradients, the optimizers' step, and the moving average of the weights."""

from collections.abc import Callable, Sequence
from typing import Any

from octet.common.tensorflow import keras, tf

Targets = tuple[tf.Tensor, ...]
# (pictures, targets, the network's predictions) -> the losses by name, whose sum is minimized
LossFunction = Callable[[tf.Tensor, Targets, Sequence[tf.Tensor]], dict[str, tf.Tensor]]

_EMA_WARMUP = 10  # steps; the average of a training that has just begun must not remember the first weights


class Update:
    """Updates a model's weights from a batch, then their moving average, which is what is validated and kept."""

    def __init__(
        self,
        model: keras.Model,
        averaged: keras.Model,
        losses: LossFunction,
        optimizers: Sequence[tuple[keras.optimizers.Optimizer, Sequence[tf.Variable]]],
        ema_decay: float,
        micro_batches: int,
        xla: bool,
    ) -> None:
        """Each optimizer updates its own variables; a batch is computed in micro-batches, one after the other."""
        self.averaged = averaged
        self._model, self._losses, self._optimizers = model, losses, optimizers
        self._ema_decay, self._micro_batches = ema_decay, micro_batches
        for optimizer, variables in optimizers:
            optimizer._create_all_weights(variables)  # so that a checkpoint finds them before the first step
        self._step = tf.function(self._update, jit_compile=xla)

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
        for optimizer, variables in self._optimizers:
            optimizer.apply_gradients([(gradients[variable.ref()], variable) for variable in variables])
        step = tf.cast(self._optimizers[0][0].iterations, tf.float32)
        decay = tf.minimum(self._ema_decay, step / (step + _EMA_WARMUP))
        for average, weight in zip(self.averaged.weights, self._model.weights, strict=True):
            average.assign(decay * average + (1 - decay) * weight if weight.dtype.is_floating else weight)
        return losses

    def _batch_gradients(
        self, pictures: tf.Tensor, targets: Targets
    ) -> tuple[dict[str, tf.Tensor], dict[Any, tf.Tensor]]:
        """The losses and gradients of a batch: means over its micro-batches, of which one at a time takes memory."""
        size = len(pictures) // self._micro_batches
        losses, gradients = self._gradients(pictures[:size], tuple(target[:size] for target in targets))
        if self._micro_batches > 1:
            for begin in tf.range(size, size * self._micro_batches, size):
                # No micro-batch waits for another's result: by default TensorFlow computes and keeps up to ten at once.
                tf.autograph.experimental.set_loop_options(parallel_iterations=1)
                rows = slice(begin, begin + size)
                added_losses, added_gradients = self._gradients(
                    pictures[rows], tuple(target[rows] for target in targets)
                )
                losses = {name: losses[name] + added_losses[name] for name in losses}
                gradients = [total + added for total, added in zip(gradients, added_gradients, strict=True)]
            losses = {name: total / self._micro_batches for name, total in losses.items()}
            gradients = [total / self._micro_batches for total in gradients]
        references = [variable.ref() for variable in self._model.trainable_variables]
        return losses, dict(zip(references, gradients, strict=True))

    def _gradients(self, pictures: tf.Tensor, targets: Targets) -> tuple[dict[str, tf.Tensor], list[tf.Tensor]]:
        """The losses of a micro-batch, and the gradients of their sum for every trainable variable."""
        with tf.GradientTape() as tape:
            losses = self._losses(pictures, targets, self._model(pictures, training=True))
            total = tf.add_n(list(losses.values()))
        return losses, tape.gradient(total, self._model.trainable_variables)
