"""The learning rate: a linear warm-up, then half a cosine down to zero."""

import math

from octet.common.tensorflow import keras, tf


class WarmupCosine(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate rises linearly to `peak` in `warmup` steps, then falls along half a cosine to 0 at `steps`."""

    def __init__(self, peak: float, warmup: int, steps: int) -> None:
        self.peak, self.warmup, self.steps = peak, warmup, steps

    def scaled(self, share: float) -> "WarmupCosine":
        """The same schedule with every learning rate multiplied by `share`."""
        return WarmupCosine(share * self.peak, self.warmup, self.steps)

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        step = tf.cast(step, tf.float32)
        rising = (step + 1) / max(self.warmup, 1)
        done = (step - self.warmup) / max(self.steps - self.warmup, 1)
        falling = (1 + tf.cos(math.pi * tf.clip_by_value(done, 0.0, 1.0))) / 2
        return self.peak * tf.minimum(rising, falling)

    def get_config(self) -> dict[str, float]:
        return {"peak": self.peak, "warmup": self.warmup, "steps": self.steps}
