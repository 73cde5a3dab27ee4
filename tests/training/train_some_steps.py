"""Train the quickstart network for some steps on one fixed batch and print a hash of its weights, after the device.

Usage: python train_some_steps.py STEPS [EXECUTOR]
"""

import hashlib
import sys

from octet.common.determinism import make_deterministic
from octet.common.tensorflow import tf
from octet.recipe.shared.load import load_recipe
from octet.tasks import registry
from octet.training.networks import float_networks
from octet.training.run import make_schedule, make_update
from octet.training.strategy import start_team

steps, executor = int(sys.argv[1]), "".join(sys.argv[2:])
recipe, classes = load_recipe("quickstart"), [""] * 6
strategy = start_team(recipe.train_float).strategy
make_deterministic(1)
networks = float_networks(registry.network(recipe, classes), recipe.train_float, [], strategy)
schedule = make_schedule(recipe.train_float, 125)
update = make_update(registry.learning(recipe, classes), networks, recipe.train_float, schedule)
side = recipe.model.input_size
pictures = tf.random.stateless_normal((32, side, side, 3), [1, 2])
corners = tf.random.stateless_uniform((32, 5, 4), [3, 4])
boxes = tf.concat([tf.minimum(corners[..., :2], corners[..., 2:]), tf.maximum(corners[..., :2], corners[..., 2:])], -1)
classes = tf.random.stateless_uniform((32, 5), [5, 6], -1, 6, dtype=tf.int32)
with tf.experimental.function_executor_type(executor):
    for _ in range(steps):
        update(pictures, (boxes, classes))
print(hashlib.sha256(b"".join(weights.numpy().tobytes() for weights in networks.trained.weights)).hexdigest())
