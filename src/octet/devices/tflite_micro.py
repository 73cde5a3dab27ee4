"""TensorFlow Lite Micro, for microcontrollers: its reference kernels, the memory that they need, what to register."""

import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from octet.devices.environments import program
from octet.devices.process import SCRIPTS, ask
from octet.devices.protocol import Answers, Trial
from octet.tflite.running.operators import list_operators

# Where the name of the resolver's function does not follow from the operator's.
_FUNCTIONS = {"PADV2": "PadV2", "TFLite_Detection_PostProcess": "DetectionPostprocess"}


@dataclass(frozen=True)
class TfliteMicro:
    """TensorFlow Lite Micro's interpreter, compiled for this machine; a microcontroller's own kernels may differ."""

    name: str = "tflite-micro"
    arch: str = platform.machine()
    kernels: str = "reference"
    variants: Sequence[str] = ("uint8_raw", "uint8")

    def run(self, trial: Trial) -> Answers:
        python = program("devices")
        script = SCRIPTS / "run_tflite_micro.py"
        words = (python, script, trial.file, trial.inputs, str(trial.outputs))
        outputs, facts, said = ask(words, trial.scratch)
        arena = re.search(r"Arena allocation total (\d+) bytes", said)
        return Answers(
            facts["version"],
            outputs,
            memory=int(arena[1]) if arena else None,
            notes=resolver_lines(trial.file),
        )


def resolver_lines(file: Path) -> tuple[str, ...]:
    """The lines of C++ that register the operators of a file, and no others."""
    names = dict.fromkeys(operator.name for operator in list_operators(file.read_bytes()))
    calls = [f"resolver.Add{function_of(name)}();" for name in names]
    return (f"tflite::MicroMutableOpResolver<{len(calls)}> resolver;", *calls)


def function_of(operator: str) -> str:
    """What follows `Add` in the name of the function that registers an operator."""
    words = [word if word[0].isdigit() else word.capitalize() for word in operator.split("_")]
    return _FUNCTIONS.get(operator, "".join(words))
