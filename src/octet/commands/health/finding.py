"""One line of the doctor's page."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it is, and what to do where it is not well."""

    state: Literal["ok", "note", "FAIL"]
    subject: str
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        lines = [f"{self.state:5} {self.subject:12} {self.text}"]
        if self.remedy:
            lines.append(f"{'':18} -> {self.remedy}")
        return "\n".join(lines)
