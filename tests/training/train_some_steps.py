"""Train the quickstart network for some steps on one fixed batch and print a hash of its weights.

Usage: python train_some_steps.py STEPS [EXECUTOR]
"""

import hashlib
import sys

from octet.detector.loss import box_loss, class_loss
from octet.detector.model import build_detector
from octet.recipe import load_recipe
from octet.tensorflow import keras, tf
from octet.training.determinism import make_deterministic

steps, executor = int(sys.argv[1]), "".join(sys.argv[2:])
recipe = load_recipe("quickstart")
how = recipe.train_float.loss
make_deterministic(1)
model = build_detector(recipe.model, 6)
anchors = model.output_shape[0][1]
pictures = tf.random.stateless_normal((32, *model.input_shape[1:]), [1, 2])
codes = tf.random.stateless_uniform((32, anchors, 5), [3, 4])
classes = tf.random.stateless_uniform((32, anchors, 1), [5, 6], -1, 6, dtype=tf.int32)
model.compile(
    optimizer=keras.optimizers.legacy.Adam(0.02),
    loss=[lambda target, said: box_loss(target, said, how), lambda target, said: class_loss(target, said, how)],
)
with tf.experimental.function_executor_type(executor):
    for _ in range(steps):
        model.train_on_batch(pictures, (codes, classes))
print(hashlib.sha256(b"".join(weights.tobytes() for weights in model.get_weights())).hexdigest())
