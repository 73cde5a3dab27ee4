"""The claims of docs/devices.md about other runtimes hold for quickstart: `make test-others`."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from conftest import ROOT
from octet.devices.arm64_root import CPUS
from octet.devices.litert_arm64 import emulated_python
from octet.devices.results import Devices, Row, read_devices

PICTURES = 20
SCRATCH = ROOT / "runs" / "quickstart" / "devices"
ARM64 = ("litert-arm64-a53", "litert-arm64-a72", "litert-arm64-a76")
KERNELS = ("builtin", "reference")
OTHER_KERNELS = 20  # steps that kernels other than XNNPACK are off at most


@pytest.fixture(scope="module")
def devices() -> Devices:
    """What every runtime but RKNN, which is not installed unasked, says of quickstart."""
    command = ["make", "devices", "RECIPE=quickstart", "RUNNER=local", f"DEVICES_FLAGS=--pictures {PICTURES}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return read_devices(ROOT / "reports" / "quickstart" / "devices.json")


def outputs(row: str) -> list[np.ndarray]:
    runtime, _, variant = row.partition("/")
    with np.load(SCRATCH / runtime / (variant or "uint8_raw") / "answers.npz") as arrays:
        return list(arrays.values())


def is_same(row: Row) -> bool:
    return (row.status, row.same_bytes) == ("equal", 1)


@pytest.mark.parametrize("name", ARM64)
def test_arm_and_x86_give_the_same_bytes(devices: Devices, name: str) -> None:
    assert is_same(devices.runtimes[name])
    assert is_same(devices.runtimes[f"{name}/uint8"])


def test_a_packed_folder_finds_itself_equal_on_a_raspberry_pi_4(tmp_path: Path) -> None:
    """Its check.py alone, with nothing of this project beside it."""
    words = ["pack", "quickstart", "--out", str(tmp_path / "pack"), "--pictures", "5"]
    subprocess.run([sys.executable, "src/octet", *words], cwd=ROOT, check=True, capture_output=True)
    (a72,) = [cpu for cpu in CPUS if cpu.name == "cortex-a72"]
    python, environment = emulated_python(a72, ROOT / "requirements")
    command = [*python, tmp_path / "pack" / "check.py"]
    check = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stdout + check.stderr
    lines = [line.split(": ") for line in check.stdout.splitlines()]
    verdicts = {Path(file).name: verdict for file, verdict, *_ in lines}
    assert verdicts == {"detector_uint8.tflite": "equal", "uint8_raw.tflite": "equal"}


def test_two_threads_give_the_bytes_of_one(devices: Devices) -> None:
    """In the shipped file, detections of equal score may come in another order."""
    assert is_same(devices.runtimes["litert-xnnpack-2-threads"])
    one, two = (devices.runtimes[f"litert-xnnpack{threads}/uint8"].score for threads in ("", "-2-threads"))
    assert one == two


@pytest.mark.parametrize("variant", ["uint8_raw", "uint8"])
def test_tflite_micro_gives_the_bytes_of_the_reference_kernels(devices: Devices, variant: str) -> None:
    name = "" if variant == "uint8_raw" else f"/{variant}"
    assert devices.runtimes[f"tflite-micro{name}"].status == "close"
    for ours, theirs in zip(outputs(f"tflite-micro{name}"), outputs(f"litert-reference{name}"), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_tflite_micro_says_what_it_needs(devices: Devices) -> None:
    row = devices.runtimes["tflite-micro"]
    assert row.memory is not None
    assert 100_000 < row.memory < 1_000_000
    assert row.notes[0].startswith("tflite::MicroMutableOpResolver<")


@pytest.mark.parametrize("name", ["litert-builtin", "litert-reference", "litert-arm64-a76-builtin", "openvino"])
def test_other_kernels_are_a_few_steps_off(devices: Devices, name: str) -> None:
    row = devices.runtimes[name]
    assert row.status == "close", row.why
    assert row.max_steps is not None
    assert row.max_steps <= OTHER_KERNELS


def test_openvino_reads_the_float_network(devices: Devices) -> None:
    row = devices.runtimes["openvino/float32_raw"]
    assert row.status == "close", row.why
    assert row.max_steps is not None
    assert row.max_steps <= 1


def test_a_runtime_names_the_operator_that_it_does_not_know(devices: Devices) -> None:
    row = devices.runtimes["openvino/uint8"]
    assert row.status == "refused"
    assert "TFLite_Detection_PostProcess" in row.why


@pytest.mark.parametrize("name", ["ethos-u55-256", "ethos-u65-256", "ethos-u85-256"])
def test_the_npus_compiler_takes_every_operator_of_the_integer_file(devices: Devices, name: str) -> None:
    row = devices.runtimes[name]
    assert row.status == "absent"  # the hardware is
    assert "on the CPU" not in row.why
    assert row.why.startswith("compiles: ")
    assert "on the CPU: CUSTOM" in devices.runtimes[f"{name}/uint8"].why


def test_the_browser_gives_answers_close_to_ours(devices: Devices) -> None:
    assert devices.runtimes["litert-js"].status in ("equal", "close"), devices.runtimes["litert-js"].why


def test_mediapipe_scores_as_we_do(devices: Devices) -> None:
    assert devices.runtimes["mediapipe-tasks/uint8"].status == "close"


def test_what_is_not_installed_says_how_to_install_it(devices: Devices) -> None:
    row = devices.runtimes["rknn-rk3588/float32_raw"]
    if not Path(ROOT, ".venv", "rknn-env").exists():
        assert (row.status, row.why) == ("absent", "not installed: `make .venv/rknn`")
