"""What the machine says about its GPU: the driver, the device files, CUDA's libraries and TensorFlow."""

import ctypes
import os
import re
import subprocess
from importlib import metadata
from pathlib import Path

from octet.commands.health.gpu import Gpu, GpuFacts
from octet.common.device import visible_gpus
from octet.common.silence import silence
from octet.common.tensorflow import tf

# The libraries that TensorFlow opens by name when it looks for a GPU; each before those that need it.
_LIBRARIES = (
    "libcudart.so.12",
    "libcublasLt.so.12",
    "libcublas.so.12",
    "libcufft.so.11",
    "libcurand.so.10",
    "libnvJitLink.so.12",
    "libcusparse.so.12",
    "libcusolver.so.11",
    "libcudnn.so.9",
    "libnccl.so.2",
)


def read_gpu_facts() -> GpuFacts:
    """Ask the machine once; nothing is kept open, and no GPU memory is taken."""
    version = Path("/proc/driver/nvidia/version")  # a container sees its host's
    driver = re.search(r"\d+\.[\d.]+", version.read_text()) if version.exists() else None
    with silence():
        gpus = visible_gpus()
    return GpuFacts(
        image=os.environ.get("OCTET_IMAGE", ""),
        engine=os.environ.get("OCTET_GPU", ""),
        driver=driver[0] if driver else None,
        nodes=any(Path(node).exists() for node in ("/dev/nvidiactl", "/dev/dxg")),  # dxg: Windows' subsystem for Linux
        cuinit=_start_cuda(),
        missing=tuple(name for name in _LIBRARIES if not _loads(name)),
        kernels=tuple(tf.sysconfig.get_build_info().get("cuda_compute_capabilities", ())),
        gpus=tuple(_describe(gpu, memory) for gpu, memory in zip(gpus, _memories(len(gpus)), strict=True)),
    )


def _describe(gpu: tf.config.PhysicalDevice, memory: int | None) -> Gpu:
    details = tf.config.experimental.get_device_details(gpu)
    return Gpu(details.get("device_name", gpu.name), details.get("compute_capability", (0, 0)), memory)


def _memories(count: int) -> list[int | None]:
    """The memory of each GPU in bytes, as nvidia-smi reports it; None where it does not."""
    command = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        return [None] * count
    sizes = [int(mebibytes) * 2**20 if mebibytes.isdecimal() else None for mebibytes in told.splitlines()]
    return sizes if len(sizes) == count else [None] * count


def _start_cuda() -> int | None:
    try:
        return int(ctypes.CDLL("libcuda.so.1").cuInit(0))
    except OSError:
        return None


def _loads(name: str) -> bool:
    """Whether a library can be loaded, by its name or from Python's packages, where TensorFlow looks as well."""
    return any(_opens(path) for path in (name, *_in_packages(name)))


def _in_packages(name: str) -> list[str]:
    nvidia = Path(str(metadata.distribution("tensorflow").locate_file("nvidia")))
    return [str(path) for path in nvidia.glob(f"*/lib/{name}")]


def _opens(path: str) -> bool:
    try:
        ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)
    except OSError:
        return False
    return True
