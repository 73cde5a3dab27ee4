"""The precision that a network computes in while it trains; its weights keep 32 bits."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from octet.common.tensorflow import keras

_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}


@contextmanager
def computing_in(precision: Literal["float32", "bfloat16"]) -> Iterator[None]:
    """Let layers that are created in this context compute in a precision."""
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy(_POLICIES[precision])
    try:
        yield
    finally:
        keras.mixed_precision.set_global_policy(before)
