"""Rockchip's NPUs, such as the RK3588's: the vendor's toolkit quantizes a float file and simulates the NPU.

It takes no file that is in integers already. Simulator and board may differ; the board is the proof.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from octet.data.reading.pixel_scale import PIXEL_SCALE, PIXEL_ZERO
from octet.devices.environments import program
from octet.devices.process import SCRIPTS, ask
from octet.devices.protocol import Answers, Trial


@dataclass(frozen=True)
class Rknn:
    """RKNN-Toolkit2's simulator of one system on a chip."""

    target: str = "rk3588"
    kernels: str = "simulator, quantized by the toolkit"
    variants: Sequence[str] = ("float32", "float32_raw")

    @property
    def name(self) -> str:
        return f"rknn-{self.target}"

    @property
    def arch(self) -> str:
        return self.target

    def run(self, trial: Trial) -> Answers:
        words = (program("rknn"), SCRIPTS / "run_rknn.py", trial.file, trial.pictures, trial.calibration)
        normalization = (str(PIXEL_ZERO), str(PIXEL_SCALE), self.target)
        outputs, facts, _ = ask((*words, *normalization), trial.scratch)
        return Answers(facts["version"], outputs)
