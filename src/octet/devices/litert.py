"""LiteRT, TensorFlow Lite's successor, on this machine: XNNPACK, its own kernels, and its reference kernels."""

import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from octet.devices.process import SCRIPTS, ask
from octet.devices.protocol import Answers, Trial


@dataclass(frozen=True)
class LiteRt:
    """LiteRT's interpreter with one kind of kernels."""

    name: str
    kernels: str  # XNNPACK, builtin or reference
    threads: int = 1
    variants: Sequence[str] = ("uint8_raw", "uint8")
    arch: str = platform.machine()

    def run(self, trial: Trial) -> Answers:
        script = SCRIPTS / "run_litert.py"
        words = (sys.executable, script, trial.file, trial.inputs, self.kernels, str(self.threads))
        outputs, facts, _ = ask(words, trial.scratch)
        return Answers(facts["version"], outputs, milliseconds=facts["milliseconds"])


REFERENCE = LiteRt("litert-xnnpack", "XNNPACK", variants=("uint8_raw", "uint8", "float32", "float32_raw"))
HERE = (
    REFERENCE,
    LiteRt("litert-xnnpack-2-threads", "XNNPACK", threads=2),
    LiteRt("litert-builtin", "builtin"),
    LiteRt("litert-builtin-2-threads", "builtin", threads=2),
    LiteRt("litert-reference", "reference"),
    LiteRt("litert-reference-2-threads", "reference", threads=2),
)
