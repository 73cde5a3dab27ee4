"""Print, as JSON, the Debian and Python packages that are installed where this runs.

Usage: python tools/inventory.py        (sbom.py hands it to the image's own Python, which needs nothing else for it)
"""

import importlib.metadata
import json
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

FORMAT = r"${db:Status-Abbrev}\t${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}\n"


def debian_packages() -> list[dict[str, Any]]:
    """The installed Debian packages, with the short names of their licences where the copyright file tells them."""
    packages = []
    for line in subprocess.check_output(["dpkg-query", "--show", f"--showformat={FORMAT}"], text=True).splitlines():
        status, name, version, architecture, source, source_version = line.split("\t")
        if status.startswith("ii"):
            packages.append(
                {
                    "name": name,
                    "version": version,
                    "architecture": architecture,
                    "source": source,
                    "source_version": source_version,
                    "licenses": _licenses(Path("/usr/share/doc", name, "copyright")),
                }
            )
    return packages


def python_packages() -> list[dict[str, Any]]:
    """The metadata of the Python packages on this Python's path, in the standard's JSON form."""
    return [distribution.metadata.json for distribution in importlib.metadata.distributions()]


def _licenses(file: Path) -> list[str]:
    """The names in a copyright file of the machine-readable form; others are prose."""
    if not file.is_file():
        return []
    text = file.read_text(errors="replace")
    if not text.startswith("Format:"):
        return []
    return sorted(set(re.findall(r"^License:[ \t]*(\S.*?)[ \t]*$", text, flags=re.MULTILINE)))


if __name__ == "__main__":
    system = platform.freedesktop_os_release()
    print(json.dumps({"system": system, "debian": debian_packages(), "python": python_packages()}))
