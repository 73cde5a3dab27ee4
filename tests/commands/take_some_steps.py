"""Take some steps of a training on noise, and print its peak memory beside doctor's estimate.

Usage: python take_some_steps.py RECIPE TRAINING MICRO_BATCHES
"""

import json
import sys

from octet.commands.health.memory import memory_need, peak_memory
from octet.common.determinism import make_deterministic
from octet.common.tensorflow import tf
from octet.quantization.networks import quantized_networks
from octet.recipe.shared.load import load_recipe
from octet.tasks import registry
from octet.training.networks import float_networks
from octet.training.run import make_schedule, make_update
from octet.training.strategy import start_team

_STEPS, _OBJECTS = 3, 5

name, training, micro_batches = sys.argv[1:]
recipe = load_recipe(name)
plan = getattr(recipe, training).model_copy(update={"micro_batches": int(micro_batches)})
recipe = recipe.model_copy(update={training: plan})
team = start_team(plan)
make_deterministic(plan.seed)
side, classes = recipe.model.input_size, list(recipe.dataset.classes)
pictures = tf.random.stateless_uniform((plan.batch, side, side, 3), [1, 2], -1.0, 1.0)
network = registry.network(recipe, classes)
if training == "train_float":
    networks = float_networks(network, plan, [], team.strategy)
else:
    networks = quantized_networks(network.build(), plan, team.strategy, [pictures[:1]])
targets: tuple[tf.Tensor, ...]
if recipe.task == "detection":
    low = tf.random.stateless_uniform((plan.batch, _OBJECTS, 2), [3, 4], 0.0, 0.5)
    boxes = tf.concat([low, low + 0.3], axis=-1)
    numbers = tf.random.stateless_uniform((plan.batch, _OBJECTS), [5, 6], -1, len(classes), dtype=tf.int32)
    targets = boxes, numbers
else:
    targets = (tf.random.stateless_uniform((plan.batch,), [5, 6], 0, len(classes), dtype=tf.int32),)
update = make_update(registry.learning(recipe, classes), networks, plan, make_schedule(plan, 100))
for _ in range(_STEPS):
    update(pictures, targets)
measured = peak_memory()
estimated = memory_need(recipe, training).of(plan.pictures_at_once, plan.parts)
print(json.dumps({"measured": measured, "estimated": estimated}))
