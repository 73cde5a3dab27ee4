"""The device that a stage computes on: the recipe names it, and one printed line describes it."""

import os
from typing import Any, Literal

from octet.common.errors import UserError
from octet.common.machine import cores, describe_cpu
from octet.common.silence import silence
from octet.common.tensorflow import tf

Device = Literal["cpu", "gpu"]


def use(device: Device, count: int = 1, at_once: int = 1) -> None:
    """Let TensorFlow see so many devices of this kind and no other, and print which these are.

    Several CPUs are parts of one: they share its cores. Where it shall compute so many things at once on each, all of
    them get their share of the cores.
    """
    gpus = choose(device, count)
    on_cpu = at_once if gpus else count * at_once
    if on_cpu > 1:
        tf.config.threading.set_intra_op_parallelism_threads(max(1, cores() // on_cpu))
    with silence():
        tf.constant(0)  # the first op starts the runtime, which prints its messages then
    print(f"running on {', '.join(map(describe_gpu, gpus)) or describe_cpu()}", flush=True)


def choose(device: Device, count: int, before: int = 0, processes: int = 1) -> list[Any]:
    """Let TensorFlow see so many devices of this kind, once its runtime starts; the GPUs among them.

    Several processes on a machine, this and those before and after it, have devices of their own.
    """
    gpus = own_share(find_gpus(device, count), count, before, processes)
    with silence():
        tf.config.set_visible_devices(gpus, "GPU")
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)  # leave unused memory to other programs
        if not gpus and count > 1:
            (cpu,) = tf.config.list_physical_devices("CPU")
            tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * count)
    return gpus


def own_share(gpus: list[Any], count: int, before: int, processes: int) -> list[Any]:
    """The GPUs of one of several processes on a machine, each of which takes so many.

    One that sees enough for all leaves the first to those before it, unless a launcher has given it its own.
    """
    if len(gpus) >= processes * count:
        return gpus[before * count :][:count]
    if gpus and "CUDA_VISIBLE_DEVICES" not in os.environ:
        raise UserError(
            f"{processes} processes on this machine need {processes * count} GPUs, and there are {len(gpus)}: start "
            "fewer here, or give each its own in CUDA_VISIBLE_DEVICES"
        )
    return gpus[:count]


def find_gpus(device: Device, count: int = 1) -> list[Any]:
    """Find the GPUs; `gpu` with fewer than `count` is an error, but with none where ALLOW_CPU=1 is set.

    `cpu` uses none.
    """
    with silence():
        gpus = visible_gpus() if device == "gpu" else []
    if device == "gpu" and not gpus and os.environ.get("ALLOW_CPU") != "1":
        raise UserError(
            "this recipe trains on a GPU (`device: gpu`) and TensorFlow finds none: `make doctor` says why; "
            "ALLOW_CPU=1 trains on the CPU all the same"
        )
    if gpus and len(gpus) < count:
        raise UserError(
            f"this recipe trains on {count} GPUs of this machine and TensorFlow finds {len(gpus)}: "
            f"set strategy.replicas to {len(gpus)} for each machine, or `make doctor` says more"
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
