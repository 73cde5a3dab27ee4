"""Turns a record into a training example: an augmented view of its picture, and the targets for the objects in it."""

from pathlib import Path

from octet.common.tensorflow import tf
from octet.data.augmentation.augment import View, augment
from octet.data.augmentation.batches import Example, Prepare
from octet.data.reading.examples import PICTURE, NumberedExamples, read_split
from octet.recipe.detection import Model, Training
from octet.tasks.detection.learning.assignment import NOTHING

_SIDES = {name: tf.io.FixedLenFeature([], tf.int64) for name in ("width", "height")}
_OBJECTS = {
    "boxes": tf.io.FixedLenSequenceFeature([4], tf.float32, allow_missing=True),  # [G, 4]
    "classes": tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True),  # [G], 0-based
    "difficult": tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True),  # [G]
    "truncated": tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True),  # [G]
}


def read_examples(folder: Path, split: str) -> tf.data.Dataset:
    """The examples of a split: pictures with the objects in them."""
    return read_split(folder, split, {**PICTURE, **_SIDES, **_OBJECTS})


def numbered_examples(folder: Path, split: str) -> NumberedExamples:
    """The same examples by their numbers."""
    return NumberedExamples(folder, split, {**PICTURE, **_SIDES, **_OBJECTS})


def make_example_preparer(model: Model, plan: Training, most_objects: int) -> Prepare:
    """The function that turns a record and a seed into an id, a picture [S, S, 3] and targets ([G, 4], [G]).

    G is `most_objects` in every picture: a batch of another shape would have the training step traced again.
    """

    def prepare_example(example: Example, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tuple[tf.Tensor, ...]]:
        boxes, classes = kept_objects(example, plan)
        sides = tf.cast(tf.stack([example["height"], example["width"]]), tf.float32)
        picture, view = augment(example["jpeg"], sides, seed, model.input_size, plan.augmentation)
        boxes, classes = objects_in_view(boxes, classes, view, model.input_size)
        return example["id"], picture, pad_objects(boxes, classes, most_objects)

    return prepare_example


def most_objects_of(examples: tf.data.Dataset) -> int:
    """The number of objects in the picture that has most, and at least one."""
    most = examples.reduce(1, lambda most, example: tf.maximum(most, tf.size(example["classes"])))
    return int(most)


def kept_objects(example: Example, plan: Training) -> tuple[tf.Tensor, tf.Tensor]:
    """The boxes [G, 4] and classes [G] of the objects that the recipe keeps for training."""
    left_out = tf.zeros_like(example["classes"])
    if not plan.keep_difficult:
        left_out += example["difficult"]
    if not plan.keep_truncated:
        left_out += example["truncated"]
    return tf.boolean_mask(example["boxes"], left_out == 0), tf.boolean_mask(example["classes"], left_out == 0)


def objects_in_view(boxes: tf.Tensor, classes: tf.Tensor, view: View, size: int) -> tuple[tf.Tensor, tf.Tensor]:
    """The objects whose centre lies in the view: boxes [G, 4], clipped to it, in shares of its side, classes [G]."""
    boxes = (boxes * tf.tile(view.scale, [2]) + tf.tile(view.offset, [2])) / size
    inside = tf.reduce_all(tf.abs(boxes[:, :2] + boxes[:, 2:] - 1) < 1, axis=1)
    boxes = tf.clip_by_value(tf.boolean_mask(boxes, inside), 0.0, 1.0)
    top, left, bottom, right = tf.unstack(boxes, axis=1)
    boxes = tf.where(view.flipped, tf.stack([top, 1 - right, bottom, 1 - left], axis=1), boxes)
    return boxes, tf.boolean_mask(classes, inside)


def pad_objects(boxes: tf.Tensor, classes: tf.Tensor, rows: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Boxes [G, 4] and classes [G] filled up to so many rows; those without an object have the class NOTHING."""
    added = [0, rows - tf.shape(classes)[0]]
    boxes, classes = tf.pad(boxes, [added, [0, 0]]), tf.pad(classes, [added], constant_values=NOTHING)
    return tf.ensure_shape(boxes, [rows, 4]), tf.ensure_shape(classes, [rows])
