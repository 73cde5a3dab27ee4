"""What a training says where TensorFlow fails for a reason that a user can do something about."""

import pytest

from octet.common.errors import UserError
from octet.common.tensorflow import tf
from octet.training.strategy import Team

ALONE = Team(tf.distribute.get_strategy())
OF_AN_OP = """Graph execution error:

Detected at node Fill defined at (most recent call last):
  File "/home/somebody/memory/update.py", line 64, in __call__

OOM when allocating tensor with shape[64,320,320,32] and type float on GPU:0 by allocator GPU_0_bfc
\t [[{{node Fill}}]]
Hint: If you want to see a list of allocated tensors when OOM happens, add report_tensor_allocations_upon_oom."""


@pytest.mark.parametrize(
    ("error", "text", "told"),
    [
        (tf.errors.ResourceExhaustedError, OF_AN_OP, OF_AN_OP.splitlines()[5]),
        (tf.errors.ResourceExhaustedError, "failed to allocate memory [Op:Mul]", "failed to allocate memory [Op:Mul]"),
        (tf.errors.InternalError, "RESOURCE_EXHAUSTED: Out of memory.\n", "RESOURCE_EXHAUSTED: Out of memory."),
    ],
    ids=["graph", "op", "xla"],
)
def test_a_batch_beyond_the_memory(error: type[tf.errors.OpError], text: str, told: str) -> None:
    with pytest.raises(UserError) as raised, ALONE.failures_explained():
        raise error(None, None, text)
    assert str(raised.value) == (
        f"the batch does not fit into the device's memory ({told}): set micro_batches higher; "
        "`make doctor RECIPE=...` says how many"
    )


@pytest.mark.parametrize("error", [tf.errors.InvalidArgumentError, tf.errors.UnavailableError])
def test_an_error_of_another_kind_stays(error: type[tf.errors.OpError]) -> None:
    original = error(None, None, "shapes must match")
    with pytest.raises(error) as raised, ALONE.failures_explained():
        raise original
    assert raised.value is original
