"""LiteRT on Arm 64, as on a Raspberry Pi or a phone: the wheel for it, in QEMU's user mode."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from octet.devices.arm64_root import CPUS, PYTHON, Cpu, obtain_root
from octet.devices.process import SCRIPTS, ask
from octet.devices.protocol import AbsentError, Answers, Trial


@dataclass(frozen=True)
class LiteRtArm64:
    """LiteRT's interpreter on an emulated processor, with one kind of kernels; how long it takes means nothing."""

    cpu: Cpu
    kernels: str
    requirements: Path  # the folder of the locks
    variants: Sequence[str] = ("uint8_raw", "uint8")

    @property
    def name(self) -> str:
        kind = "" if self.kernels == "XNNPACK" else f"-{self.kernels}"
        return f"litert-arm64-{self.cpu.name.removeprefix('cortex-')}{kind}"

    @property
    def arch(self) -> str:
        return f"aarch64, {self.cpu.name} (QEMU)"

    def run(self, trial: Trial) -> Answers:
        python, environment = emulated_python(self.cpu, self.requirements)
        words = [*python, SCRIPTS / "run_litert.py", trial.file, trial.inputs, self.kernels, "1"]
        outputs, facts, _ = ask(words, trial.scratch, environment)
        return Answers(facts["version"], outputs)


def emulated_python(cpu: Cpu, requirements: Path) -> tuple[list[str | Path], dict[str, str]]:
    """The beginning of a command that runs a Python script on a processor, and the variables that it needs."""
    qemu = emulator()  # without it the root would be fetched for nothing, which takes a minute
    roots = obtain_root(requirements)
    root = roots / cpu.name
    python = root / "usr" / "bin" / f"python{PYTHON}"
    command: list[str | Path] = [qemu, "-L", root, "-cpu", cpu.name, python, "-S"]
    paths = {"PYTHONHOME": str(roots / "base" / "usr"), "PYTHONPATH": str(roots / "base" / "wheels")}
    return command, {**paths, "PYTHONDONTWRITEBYTECODE": "1"}


def emulator() -> str:
    """The program that runs Arm 64's programs here."""
    found = shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")
    if not found:
        raise AbsentError("QEMU is not there: on Debian, `apt install qemu-user-static`")
    return found


def emulated(requirements: Path) -> list[LiteRtArm64]:
    """XNNPACK on every processor, and on one LiteRT's own kernels, which differ from those for x86."""
    own = LiteRtArm64(CPUS[-1], "builtin", requirements, variants=("uint8_raw",))
    return [*(LiteRtArm64(cpu, "XNNPACK", requirements) for cpu in CPUS), own]
