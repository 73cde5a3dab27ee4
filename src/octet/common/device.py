"""The device that a stage computes on: the recipe names it, and one line tells which it is."""

import os
from typing import Any, Literal

from octet.common.errors import UserError
from octet.common.machine import describe_cpu
from octet.common.silence import silence
from octet.common.tensorflow import tf

Device = Literal["cpu", "gpu"]


def use(device: Device) -> None:
    """Show TensorFlow the device and no other, and say so."""
    gpus = find(device)
    with silence():
        tf.config.set_visible_devices(gpus, "GPU")
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)  # leave to others what is not needed
        tf.constant(0)  # the first op starts the runtime, and that is when it talks
    print(f"running on {', '.join(map(describe_gpu, gpus)) or describe_cpu()}", flush=True)


def find(device: Device) -> list[Any]:
    """The GPUs to use; where they are missing and wanted, the CPU has to be allowed."""
    with silence():
        gpus = visible_gpus() if device == "gpu" else []
    if device == "gpu" and not gpus and os.environ.get("ALLOW_CPU") != "1":
        raise UserError(
            "this recipe trains on a GPU (`device: gpu`) and TensorFlow finds none: `make doctor` says why; "
            "ALLOW_CPU=1 trains on the CPU all the same"
        )
    return gpus


def visible_gpus() -> list[Any]:
    """What TensorFlow could compute on, as its physical devices."""
    gpus: list[Any] = tf.config.list_physical_devices("GPU")
    return gpus


def describe_gpu(gpu: Any) -> str:
    """Its name and compute capability."""
    details = tf.config.experimental.get_device_details(gpu)
    major, minor = details.get("compute_capability", ("?", "?"))
    return f"{details.get('device_name', gpu.name)} (compute capability {major}.{minor})"
