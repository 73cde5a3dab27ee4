"""Whether the installed packages are those of the lock."""

import os
import platform
import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from octet.commands.health.finding import Finding

_SHOWN = ("tensorflow", "tf-keras", "tensorflow-model-optimization", "ai-edge-litert", "dvc")


def check_packages(lock: Path) -> Finding:
    """Check that every package that the lock pins for this Python is installed in that version."""
    pins = dict(_pins(lock))
    installed = {name: _installed(name) for name in pins}
    wrong = [
        f"{name} {installed[name] or 'missing'} (lock: {pins[name]})" for name in pins if installed[name] != pins[name]
    ]
    if wrong:
        remedy = "make image" if os.environ.get("OCTET_IMAGE") else "rm .venv/runtime, then the same command again"
        return Finding("FAIL", "packages", f"not as {lock}: {', '.join(wrong)}", remedy)
    shown = ", ".join(f"{name} {pins[name]}" for name in _SHOWN)
    return Finding("ok", "packages", f"Python {platform.python_version()}; all {len(pins)} as locked: {shown}")


def _pins(lock: Path) -> Iterator[tuple[str, str]]:
    for line in re.findall(r"^[A-Za-z0-9].*==.*$", lock.read_text(), re.MULTILINE):
        requirement = Requirement(line.rstrip(" \\"))
        if requirement.marker is None or requirement.marker.evaluate():
            (pin,) = requirement.specifier
            yield requirement.name, pin.version


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
