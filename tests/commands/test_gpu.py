"""Every link of the chain to a GPU that can be missing has its own line, and a remedy that fits."""

from dataclasses import replace

import pytest

from octet.commands.health.gpu import Gpu, GpuFacts, check_gpu, has_kernels

KERNELS = ("sm_60", "sm_70", "sm_80", "sm_89", "compute_90")
ADA = Gpu("NVIDIA GeForce RTX 4090", (8, 9), 24 * 2**30)
BLACKWELL = Gpu("NVIDIA GeForce RTX 5090", (12, 0), 32 * 2**30)
WELL = GpuFacts("cuda", "ready", "555.42.02", True, 0, (), KERNELS, (ADA,))
NONE = replace(WELL, gpus=())


def test_a_gpu_that_will_do() -> None:
    finding = check_gpu(WELL, needed=True)
    assert (finding.state, finding.remedy) == ("ok", "")
    assert "RTX 4090 (compute capability 8.9, 24 GiB)" in finding.text


@pytest.mark.parametrize(
    ("facts", "text", "remedy"),
    [
        (replace(NONE, driver=None, nodes=False, cuinit=None), "no NVIDIA driver", "install NVIDIA's driver"),
        (replace(NONE, driver="470.256.02"), "470.256.02 is too old", "525 or newer"),
        (replace(NONE, nodes=False, engine="no-toolkit"), "NVIDIA Container Toolkit", "nvidia-container-toolkit"),
        (replace(NONE, nodes=False), "started without a GPU", "--gpus all"),
        (replace(NONE, nodes=False, image=""), "no /dev/nvidia0", "nvidia-smi"),
        (replace(NONE, cuinit=None), "libcuda.so.1 cannot be loaded", "NVIDIA_DRIVER_CAPABILITIES"),
        (replace(NONE, cuinit=None, image=""), "libcuda.so.1 cannot be loaded", "libcuda1"),
        (replace(NONE, cuinit=803), "does not fit the driver", "nvidia-smi"),
        (replace(NONE, cuinit=999), "error 999", "nvidia-smi"),
        (replace(NONE, missing=("libcudnn.so.9",)), "cannot load libcudnn.so.9", "make image VARIANT=cuda"),
        (replace(NONE, missing=("libcudnn.so.9",), image=""), "cannot load libcudnn.so.9", "requirements/cuda.txt"),
        (NONE, "TensorFlow finds no GPU", "TF_CPP_MIN_LOG_LEVEL=0"),
        (replace(WELL, gpus=(BLACKWELL,)), "RTX 5090 (compute capability 12.0", "GTX 10 to RTX 40"),
    ],
)
def test_each_reason_is_told_apart(facts: GpuFacts, text: str, remedy: str) -> None:
    finding = check_gpu(facts, needed=True)
    assert finding.state == "FAIL"
    assert text in finding.text
    assert remedy in finding.remedy
    assert check_gpu(facts, needed=False).state == "note"


@pytest.mark.parametrize(
    ("capability", "runs"),
    [((6, 1), True), ((7, 5), True), ((8, 6), True), ((8, 9), True), ((9, 0), True), ((12, 0), False), ((5, 2), False)],
)
def test_kernels_run_within_their_major_version(capability: tuple[int, int], runs: bool) -> None:
    assert has_kernels(capability, KERNELS) == runs
