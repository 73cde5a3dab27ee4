"""Arm's Ethos-U NPUs, beside a microcontroller or in a system on a chip: what their compiler makes of a file.

No simulator of theirs is in a package index, so the answers remain unproved here.
"""

import csv
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from octet.devices.environments import program
from octet.devices.process import run
from octet.devices.protocol import AbsentError, Answers, RefusedError, Trial


@dataclass(frozen=True)
class EthosU:
    """One configuration of an Ethos-U, compiled for by Vela."""

    accelerator: str
    kernels: str = "NPU, by Vela"
    variants: Sequence[str] = ("uint8_raw", "uint8")

    @property
    def name(self) -> str:
        return self.accelerator

    @property
    def arch(self) -> str:
        return self.accelerator

    def run(self, trial: Trial) -> Answers:
        words = (program("devices", "vela"), "--accelerator-config", self.accelerator, "--show-cpu-operations")
        shutil.rmtree(trial.scratch / "compiled", ignore_errors=True)
        said = run([*words, "--output-dir", trial.scratch / "compiled", trial.file], trial.scratch)
        summaries = list((trial.scratch / "compiled").glob("*_summary_*.csv"))
        if not summaries:
            raise RefusedError("the compiler ended well, and wrote no summary")
        raise AbsentError(f"{compiled(said, summaries[0])}; the answers take the hardware")


def compiled(said: str, summary: Path) -> str:
    """What the compiler says: its operations on the NPU, those that it left to the CPU and why, and its estimates."""
    with summary.open(newline="") as file:
        (row,) = csv.DictReader(file)
    on = {place: int(count) for place, count in re.findall(r"^(CPU|NPU) operators = (\d+)", said, re.MULTILINE)}
    milliseconds = float(row["inference_time"]) * 1000
    text = (
        f"compiles: {on['NPU']} of {sum(on.values())} operations on the NPU; by its estimate {milliseconds:.2f} ms, "
        f"{float(row['sram_memory_used']):.0f} KiB SRAM, {_storage(row):.0f} KiB flash or DRAM"
    )
    left = re.findall(r"^Warning \(supported operators\) operator: (\w+), .*?\nReason: (.*?)$", said, re.MULTILINE)
    reasons = dict.fromkeys(f"{name} ({reason.partition(' (')[0]})" for name, reason in left)
    return f"{text}; on the CPU: {', '.join(reasons)}" if reasons else text


def _storage(row: dict[str, str]) -> float:
    return sum(float(row[f"{place}_memory_used"]) for place in ("dram", "on_chip_flash", "off_chip_flash"))


ACCELERATORS = tuple(EthosU(name) for name in ("ethos-u55-256", "ethos-u65-256", "ethos-u85-256"))
