"""The library behind the stage scripts."""

import os

# TensorFlow reads these once, when it is imported; every stage imports octet first.
os.environ["TF_USE_LEGACY_KERAS"] = "1"  # TFMOT quantizes tf_keras models, not Keras 3 ones
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
