"""One update of a network: losses, gradients, the optimizers' step, and the running average of the weights."""

from collections.abc import Callable, Sequence
from typing import Any

from octet.common.tensorflow import keras, tf

Targets = tuple[tf.Tensor, ...]
# (pictures, what the network should say, what it says) -> the losses, whose sum is made small
Losses = Callable[[tf.Tensor, Targets, Sequence[tf.Tensor]], dict[str, tf.Tensor]]

_AVERAGE_WARMUP = 10  # steps; the average of a training that has just begun is not to remember where it began


class Update:
    """Moves the weights once a call, and their average, which is what is scored and kept, after them."""

    def __init__(
        self,
        model: keras.Model,
        averaged: keras.Model,
        losses: Losses,
        optimizers: Sequence[tuple[keras.optimizers.Optimizer, Sequence[tf.Variable]]],
        average: float,
        parts: int,
        xla: bool,
    ) -> None:
        """Each optimizer moves its own variables; a batch is computed in `parts`, one after the other."""
        self.averaged = averaged
        self._model, self._losses, self._optimizers = model, losses, optimizers
        self._average, self._parts = average, parts
        for optimizer, variables in optimizers:
            optimizer._create_all_weights(variables)  # so that a checkpoint finds them before the first step
        self._step = tf.function(self._update, jit_compile=xla)

    @property
    def variables(self) -> dict[str, list[tf.Variable]]:
        """All that a training needs to go on as if it had not stopped."""
        return {
            "weights": self._model.weights,
            "averaged": self.averaged.weights,
            "optimizers": [variable for optimizer, _ in self._optimizers for variable in optimizer.variables()],
        }

    def __call__(self, pictures: tf.Tensor, targets: Targets) -> dict[str, tf.Tensor]:
        """The losses of the batch, before the update."""
        return self._step(pictures, targets)

    def _update(self, pictures: tf.Tensor, targets: Targets) -> dict[str, tf.Tensor]:
        losses, gradients = self._gradients(pictures, targets)
        for optimizer, variables in self._optimizers:
            optimizer.apply_gradients([(gradients[of.ref()], of) for of in variables])
        step = tf.cast(self._optimizers[0][0].iterations, tf.float32)
        keep = tf.minimum(self._average, step / (step + _AVERAGE_WARMUP))
        for mean, weight in zip(self.averaged.weights, self._model.weights, strict=True):
            mean.assign(keep * mean + (1 - keep) * weight if weight.dtype.is_floating else weight)
        return losses

    def _gradients(self, pictures: tf.Tensor, targets: Targets) -> tuple[dict[str, tf.Tensor], dict[Any, tf.Tensor]]:
        """Means over the batch's parts, of which only one at a time takes memory."""
        size = len(pictures) // self._parts
        losses, gradients = self._of_part(pictures[:size], tuple(of[:size] for of in targets))
        if self._parts > 1:
            for begin in tf.range(size, size * self._parts, size):
                # No part waits for another's numbers: unasked, TensorFlow computes, and keeps, up to ten at once.
                tf.autograph.experimental.set_loop_options(parallel_iterations=1)
                part = slice(begin, begin + size)
                more, steeper = self._of_part(pictures[part], tuple(of[part] for of in targets))
                losses = {name: losses[name] + more[name] for name in losses}
                gradients = [one + other for one, other in zip(gradients, steeper, strict=True)]
            losses = {name: of / self._parts for name, of in losses.items()}
            gradients = [of / self._parts for of in gradients]
        references = [variable.ref() for variable in self._model.trainable_variables]
        return losses, dict(zip(references, gradients, strict=True))

    def _of_part(self, pictures: tf.Tensor, targets: Targets) -> tuple[dict[str, tf.Tensor], list[tf.Tensor]]:
        with tf.GradientTape() as tape:
            losses = self._losses(pictures, targets, self._model(pictures, training=True))
            total = tf.add_n(list(losses.values()))
        return losses, tape.gradient(total, self._model.trainable_variables)
