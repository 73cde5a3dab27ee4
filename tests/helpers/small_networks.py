"""Small networks of both tasks with every kind of layer that large ones have, batches for them, and their updates."""

from collections.abc import Iterator
from typing import Any

from conftest import IN_ONE, detection_recipe
from helpers.classifying import classifier_recipe
from octet.common.tensorflow import keras, tf
from octet.quantization.networks import quantized_networks
from octet.recipe.shared.recipe import Recipe
from octet.tasks import registry
from octet.training.networks import Networks, copy_values
from octet.training.run import make_schedule, make_update
from octet.training.update import Targets, Update

CLASSES, SIDE, STRIDES, BATCH = ("cross", "ring", "star"), 64, (8, 16), 8
Batch = tuple[tf.Tensor, Targets]  # pictures [N, S, S, 3] and targets


def small_recipe(task: str, **training: Any) -> Recipe:
    """The recipe of a task with a small input and batch; `training` changes both of its trainings."""
    recipe = detection_recipe() if task == "detection" else classifier_recipe(dropout=0.0)
    shape: dict[str, Any] = {"input_size": SIDE} | ({"strides": STRIDES} if task == "detection" else {})
    plans = {
        name: getattr(recipe, name).model_copy(
            update={**IN_ONE, "batch": BATCH, "ema_decay": 0.5, "learning_rate": 1e-3} | training
        )
        for name in ("train_float", "train_qat")
    }
    return recipe.model_copy(update={"model": recipe.model.model_copy(update=shape), **plans})


def small_network(task: str) -> keras.Model:
    """A network of a dozen layers with the outputs of its task."""
    layers = keras.layers
    pictures = keras.Input((SIDE, SIDE, 3), name="pictures")
    x = layers.ReLU(6.0)(layers.BatchNormalization()(layers.Conv2D(8, 3, 2, padding="same", use_bias=False)(pictures)))
    x = layers.DepthwiseConv2D(3, 2, padding="same", use_bias=False)(x)
    x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    x = layers.BatchNormalization()(layers.Conv2D(8, 3, 2, padding="same", use_bias=False)(x))
    x = layers.Add()([x, layers.BatchNormalization()(layers.Conv2D(8, 1, use_bias=False)(x))])
    if task == "classification":
        return keras.Model(pictures, layers.Dense(len(CLASSES), name="logits")(layers.GlobalAveragePooling2D()(x)))
    outputs = []
    for name, depth in (("boxes", 4), ("classes", len(CLASSES))):
        levels = [layers.Conv2D(depth, 1, step, name=f"{name}_{step}")(x) for step in (1, 2)]
        rows = [layers.Reshape((-1, depth))(level) for level in levels]
        outputs.append(layers.Concatenate(axis=1, name=name)(rows))
    return keras.Model(pictures, outputs)


def batches(task: str, count: int, spread: float = 1.0) -> Iterator[Batch]:
    """Batches of noise, all different; in a detector's, pictures have from no object to three."""
    for number in range(count):
        seed = [number, 7]
        brightness = tf.random.stateless_uniform((BATCH, 1, 1, 1), seed, 0.2, spread)
        pictures = brightness * tf.random.stateless_uniform((BATCH, SIDE, SIDE, 3), seed, -1.0, 127 / 128)
        if task == "classification":
            yield pictures, (tf.random.stateless_uniform((BATCH,), seed, 0, len(CLASSES), dtype=tf.int32),)
            continue
        low = tf.random.stateless_uniform((BATCH, 3, 2), seed, 0.0, 0.5)
        boxes = tf.concat([low, low + tf.random.stateless_uniform((BATCH, 3, 2), [number, 8], 0.2, 0.5)], axis=-1)
        classes = tf.random.stateless_uniform((BATCH, 3), seed, 0, len(CLASSES), dtype=tf.int32)
        holds = tf.range(3) < tf.range(BATCH)[:, None] % 4  # so that no two replicas have as many objects
        yield pictures, (boxes, tf.where(holds, classes, -1))


def small_networks(recipe: Recipe, training: str, strategy: tf.distribute.Strategy) -> Networks:
    """What a recipe's training, `train_float` or `train_qat`, has of a small network under a strategy."""
    keras.backend.clear_session()  # so that layers have the same names again
    keras.utils.set_random_seed(3)
    plan = getattr(recipe, training)
    if training == "train_float":
        with strategy.scope():
            trained = small_network(recipe.task)
        averaged = small_network(recipe.task)
        copy_values(trained, averaged)
        return Networks(trained, averaged, [(1.0, trained.trainable_variables)])
    network = small_network(recipe.task)
    return quantized_networks(network, plan, strategy, [pictures for pictures, _ in batches(recipe.task, 1)])


def small_update(recipe: Recipe, training: str, strategy: tf.distribute.Strategy) -> tuple[Update, Networks]:
    """The update of such networks."""
    networks, plan = small_networks(recipe, training, strategy), getattr(recipe, training)
    with strategy.scope():
        return make_update(registry.learning(recipe, CLASSES), networks, plan, make_schedule(plan, 10)), networks
