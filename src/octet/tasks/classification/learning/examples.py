"""Turns a record into a training example: an augmented view of its picture, and its class."""

from pathlib import Path

from octet.common.tensorflow import tf
from octet.data.augmentation.augment import augment
from octet.data.augmentation.batches import Example, Prepare
from octet.data.reading.examples import PICTURE, NumberedExamples, read_split
from octet.recipe.classification import Model, Training

_NUMBERS = {name: tf.io.FixedLenFeature([], tf.int64) for name in ("width", "height", "class")}  # the class 0-based


def read_examples(folder: Path, split: str) -> tf.data.Dataset:
    """The examples of a split: pictures, their sides and their classes."""
    return read_split(folder, split, {**PICTURE, **_NUMBERS})


def numbered_examples(folder: Path, split: str) -> NumberedExamples:
    """The same examples by their numbers."""
    return NumberedExamples(folder, split, {**PICTURE, **_NUMBERS})


def make_example_preparer(model: Model, plan: Training) -> Prepare:
    """The function that turns a record and a seed into an id, a picture [S, S, 3] and its class []."""

    def prepare_example(example: Example, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tuple[tf.Tensor, ...]]:
        sides = tf.cast(tf.stack([example["height"], example["width"]]), tf.float32)
        picture, _ = augment(example["jpeg"], sides, seed, model.input_size, plan.augmentation)
        return example["id"], picture, (example["class"],)

    return prepare_example
