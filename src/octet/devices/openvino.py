"""OpenVINO, Intel's runtime, which reads .tflite files itself."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass

from octet.devices.environments import program
from octet.devices.process import SCRIPTS, ask
from octet.devices.protocol import Answers, Trial


@dataclass(frozen=True)
class OpenVino:
    """OpenVINO on the CPU, in 32-bit floats where the file has floats."""

    name: str = "openvino"
    arch: str = platform.machine()
    kernels: str = "CPU"
    variants: Sequence[str] = ("uint8_raw", "uint8", "float32", "float32_raw")

    def run(self, trial: Trial) -> Answers:
        words = (program("devices"), SCRIPTS / "run_openvino.py", trial.file, trial.inputs)
        outputs, facts, _ = ask(words, trial.scratch)
        return Answers(facts["version"], outputs, milliseconds=facts["milliseconds"])
