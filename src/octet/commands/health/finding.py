"""The result of one check of `octet doctor`."""

import subprocess
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """What was checked, the result, and what to do where something is wrong."""

    state: Literal["ok", "note", "FAIL"]
    subject: str
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        lines = [f"{self.state:5} {self.subject:12} {self.text}"]
        if self.remedy:
            lines.append(f"{'':18} -> {self.remedy}")
        return "\n".join(lines)


def failure_reason(answer: subprocess.CompletedProcess[str]) -> str:
    """The last line of what a command that failed complained of, or its exit code where it said nothing."""
    complaints = answer.stderr.strip().splitlines()
    return complaints[-1] if complaints else f"exit code {answer.returncode}"
