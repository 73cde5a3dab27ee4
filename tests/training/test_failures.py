"""What a training says where TensorFlow fails for a reason that a user can do something about."""

import os
import socket
import subprocess
import sys

import pytest

from conftest import ROOT
from octet.common.errors import UserError
from octet.common.tensorflow import tf
from octet.training.cluster import Cluster
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
        f"the training does not fit into the device's memory ({told}): set micro_batches "
        "higher, of which `make doctor RECIPE=...` says how many, and end what else uses the device"
    )


@pytest.mark.parametrize("error", [tf.errors.InvalidArgumentError, tf.errors.UnavailableError])
def test_an_error_of_another_kind_stays(error: type[tf.errors.OpError]) -> None:
    original = error(None, None, "shapes must match")
    with pytest.raises(error) as raised, ALONE.failures_explained():
        raise original
    assert raised.value is original


def test_an_exchange_that_fails_though_all_are_there_blames_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        team = Team(tf.distribute.get_strategy(), Cluster(("127.0.0.1:1", f"127.0.0.1:{other.getsockname()[1]}"), 0))
        with pytest.raises(UserError) as raised, team.failures_explained():
            raise tf.errors.InternalError(
                None, None, "Graph execution error:\n\nCollective ops is aborted by: Shapes\n"
            )
    assert str(raised.value) == (
        "the processes of the training could not exchange what they computed, so all stop "
        "(Collective ops is aborted by: Shapes); the last checkpoint is good"
    )


GIVES_UP = """
import threading
import time

from octet.training.cluster import Cluster
from octet.training.strategy import _give_up

threading.Timer(0, _give_up, [Cluster(("one:1", "two:2"), 0)]).start()
time.sleep(60)  # as in an exchange that does not end
"""


def test_a_process_gives_up_though_nobody_reads_what_it_says() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    assert (
        subprocess.run([sys.executable, "-c", GIVES_UP], stderr=writing, env=environment, check=False).returncode == 1
    )
    os.close(writing)
