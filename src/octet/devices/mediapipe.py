"""MediaPipe Tasks, which opens a shipped file by its metadata; what it finds is scored, for it shows no outputs."""

import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass

from octet.devices.environments import program
from octet.devices.process import SCRIPTS, ask
from octet.devices.protocol import Answers, Trial


@dataclass(frozen=True)
class MediaPipe:
    """MediaPipe's task for what the file does."""

    name: str = "mediapipe-tasks"
    arch: str = platform.machine()
    kernels: str = "XNNPACK"
    variants: Sequence[str] = ("uint8",)

    def run(self, trial: Trial) -> Answers:
        words = (program("mediapipe"), SCRIPTS / "run_mediapipe.py", trial.file, trial.pictures)
        outputs, facts, _ = ask((*words, str(trial.outputs), json.dumps(trial.labels)), trial.scratch)
        return Answers(facts["version"], outputs, same_form=False)
