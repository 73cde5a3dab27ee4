"""The device that a stage computes on: the recipe names it, and one printed line describes it."""

import os
from typing import Any, Literal

from octet.common.errors import UserError
from octet.common.machine import describe_cpu
from octet.common.silence import silence
from octet.common.tensorflow import tf

Device = Literal["cpu", "gpu"]


def use(device: Device) -> None:
    """Let TensorFlow see this device and no other, and print which one it is."""
    gpus = find_gpus(device)
    with silence():
        tf.config.set_visible_devices(gpus, "GPU")
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)  # leave unused memory to other programs
        tf.constant(0)  # the first op starts the runtime, which prints its messages then
    print(f"running on {', '.join(map(describe_gpu, gpus)) or describe_cpu()}", flush=True)


def find_gpus(device: Device) -> list[Any]:
    """Find the GPUs to use; `gpu` without any is an error unless ALLOW_CPU=1 is set. `cpu` uses none."""
    with silence():
        gpus = visible_gpus() if device == "gpu" else []
    if device == "gpu" and not gpus and os.environ.get("ALLOW_CPU") != "1":
        raise UserError(
            "this recipe trains on a GPU (`device: gpu`) and TensorFlow finds none: `make doctor` says why; "
            "ALLOW_CPU=1 trains on the CPU all the same"
        )
    return gpus


def visible_gpus() -> list[Any]:
    """List the GPUs that TensorFlow can compute on, as its physical devices."""
    gpus: list[Any] = tf.config.list_physical_devices("GPU")
    return gpus


def describe_gpu(gpu: Any) -> str:
    """Describe a physical device of TensorFlow by its name and its compute capability."""
    details = tf.config.experimental.get_device_details(gpu)
    major, minor = details.get("compute_capability", ("?", "?"))
    return f"{details.get('device_name', gpu.name)} (compute capability {major}.{minor})"
