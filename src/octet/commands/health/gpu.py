"""Whether TensorFlow can use the GPU, and if not, which link between the driver and the kernels is missing."""

from dataclasses import dataclass

from octet.commands.health.finding import Finding

_OLDEST_DRIVER = 525  # the first that can run CUDA 12
_CUINIT = {100: "finds no device", 803: "does not fit the driver that is loaded (reboot after an update)"}


@dataclass(frozen=True)
class Gpu:
    """A GPU as TensorFlow names it."""

    name: str
    capability: tuple[int, int]
    memory: int | None  # bytes


@dataclass(frozen=True)
class GpuFacts:
    """What the machine says about its GPU, from the driver up to TensorFlow."""

    image: str  # the variant of the image that this runs in; empty on a host
    engine: str  # make's verdict on the engine: ready, no-toolkit or no-driver; empty where make did not ask
    driver: str | None  # the version of the kernel's driver
    nodes: bool  # whether there are device files
    cuinit: int | None  # the error code of CUDA's start, 0 for none; None where libcuda cannot be loaded
    missing: tuple[str, ...]  # those of CUDA's libraries that TensorFlow opens and that cannot be loaded
    kernels: tuple[str, ...]  # the architectures that TensorFlow's wheel was compiled for: sm_80, compute_90
    gpus: tuple[Gpu, ...]  # the GPUs that TensorFlow finds


def check_gpu(facts: GpuFacts, needed: bool) -> Finding:
    """Name the GPUs that TensorFlow can train on, or the reason why there is none; a failure where one is needed."""
    if facts.gpus and all(has_kernels(gpu.capability, facts.kernels) for gpu in facts.gpus):
        return Finding("ok", "gpu", ", ".join(map(_describe, facts.gpus)))
    text, remedy = _reason_for_no_kernels(facts) if facts.gpus else _reason_for_no_gpu(facts)
    return Finding("FAIL", "gpu", text, remedy) if needed else Finding("note", "gpu", f"{text}; not needed", "")


def has_kernels(capability: tuple[int, int], kernels: tuple[str, ...]) -> bool:
    """Whether a kernel fits the GPU: code for sm_XY runs on X.Y and on later minor versions of X, and on no other."""
    for kernel in kernels:
        digits = kernel.rpartition("_")[2]
        major, minor = int(digits[:-1]), int(digits[-1])
        if major == capability[0] and minor <= capability[1]:
            return True
    return False


def _reason_for_no_kernels(facts: GpuFacts) -> tuple[str, str]:
    gpu = next(gpu for gpu in facts.gpus if not has_kernels(gpu.capability, facts.kernels))
    return (
        f"{_describe(gpu)}: this TensorFlow has no kernels for it, only for {', '.join(facts.kernels)}",
        "train on a GTX 10 to RTX 40 or a data-centre card up to Hopper, or on the CPU (ALLOW_CPU=1)",
    )


def _reason_for_no_gpu(facts: GpuFacts) -> tuple[str, str]:
    if not facts.driver and not facts.nodes:
        return "no NVIDIA driver on this machine", f"install NVIDIA's driver, {_OLDEST_DRIVER} or newer"
    if facts.driver and int(facts.driver.split(".")[0]) < _OLDEST_DRIVER:
        return f"driver {facts.driver} is too old for CUDA 12", f"install {_OLDEST_DRIVER} or newer"
    if not facts.nodes and facts.image:
        if facts.engine == "no-toolkit":
            return (
                "the Docker engine cannot hand out the GPU: it lacks the NVIDIA Container Toolkit",
                "install nvidia-container-toolkit, run `nvidia-ctk runtime configure`, restart Docker",
            )
        return "this container was started without a GPU", "start it with make, or add --gpus all"
    if not facts.nodes:
        return f"driver {facts.driver} is loaded, but there is no /dev/nvidia0", "run nvidia-smi, which makes it"
    if facts.cuinit is None:
        return "libcuda.so.1 cannot be loaded", (
            "start the container with NVIDIA_DRIVER_CAPABILITIES=compute,utility"
            if facts.image
            else "install the driver's CUDA library (Debian: libcuda1)"
        )
    if facts.cuinit:
        return f"CUDA {_CUINIT.get(facts.cuinit, f'fails with error {facts.cuinit}')}", "see what nvidia-smi says"
    if facts.missing:
        return f"cannot load {', '.join(facts.missing)}", (
            "make image VARIANT=cuda" if facts.image else "pip install --require-hashes -r requirements/cuda.txt"
        )
    return "driver and libraries are there, but TensorFlow finds no GPU", (
        "TF_CPP_MIN_LOG_LEVEL=0 python -c 'import tensorflow; tensorflow.config.list_physical_devices()' says more"
    )


def _describe(gpu: Gpu) -> str:
    memory = f", {gpu.memory / 2**30:.0f} GiB" if gpu.memory else ""
    return f"{gpu.name} (compute capability {gpu.capability[0]}.{gpu.capability[1]}{memory})"
