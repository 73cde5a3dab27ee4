"""The environments beside Octet's own in which runtimes are installed: `make` puts each into .venv on first use."""

import sys
from pathlib import Path

from octet.devices.protocol import AbsentError


def program(environment: str, name: str = "python") -> Path:
    """A program of an environment; where that is not installed, an AbsentError says what installs it."""
    path = Path(sys.prefix, f"{environment}-env", "bin", name)
    if not path.exists():
        raise AbsentError(f"not installed: `make .venv/{environment}`")
    return path
