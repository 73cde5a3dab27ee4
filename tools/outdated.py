"""Tell which direct requirements have newer releases than the locks, and what locking again now would change.

Usage: python tools/outdated.py

Information, so it ends with 0 whatever it finds; what it could not find out, it says.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import Version
from pip_requirements_parser import RequirementsFile

from locks import Pin, read_locks
from octet.common.errors import UserError

REQUIREMENTS = Path("requirements")


def direct_requirements() -> dict[str, str]:
    """Each package that a requirements/*.in names, with the line that does."""
    return {
        canonicalize_name(requirement.name): f"{requirement.line} in {file}"
        for file in sorted(REQUIREMENTS.glob("*.in"))
        for requirement in RequirementsFile.from_file(str(file)).requirements
    }


def run(command: list[str], folder: str) -> None:
    """Run a command; UserError with what it says if it fails."""
    # A make above this one would hand down its own options.
    environment = {**os.environ, "MAKEFLAGS": ""}
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if result.returncode:
        raise UserError(result.stderr.strip())


def newest(names: list[str]) -> dict[str, Version]:
    """The newest release of each package that runs on this Python, whatever the others ask of it."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "names.in").write_text("\n".join(names))
        run(["uv", "pip", "compile", "--quiet", "--no-deps", "--universal", "names.in", "-o", "names.txt"], folder)
        found = RequirementsFile.from_file(f"{folder}/names.txt").requirements
        return _highest((requirement.name, requirement.get_pinned_version) for requirement in found)


def newer_releases(pins: list[Pin]) -> Iterator[str]:
    """A line for each direct requirement that is locked to an older release than there is."""
    direct = direct_requirements()
    locked = _highest((pin.name, pin.version) for pin in pins)
    for name, version in newest(sorted(direct)).items():
        if name not in locked:
            yield f"{name}  is in no lock yet  ({direct[name]})"
        elif version > locked[name]:
            yield f"{name}  {locked[name]} -> {version}  ({direct[name]})"


def changes(before: list[Pin]) -> Iterator[str]:
    """A line for each package that a lock would hold otherwise if it were made today."""
    after = lock_again()
    for lock, name in sorted({(pin.lock, pin.name) for pin in before + after}):
        old, new = ({pin for pin in pins if (pin.lock, pin.name) == (lock, name)} for pins in (before, after))
        if _versions(old) != _versions(new):
            yield f"{lock}: {name}  {_versions(old) or '(not there)'} -> {_versions(new) or '(gone)'}"
        elif old != new:
            yield f"{lock}: {name}  {_versions(old)}, with other files"


def lock_again() -> list[Pin]:
    """The pins that `make lock` would write today if there were no locks yet."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(REQUIREMENTS, Path(folder, REQUIREMENTS), ignore=shutil.ignore_patterns("*.txt"))
        shutil.copy("Makefile", folder)
        Path(folder, ".venv").symlink_to(sys.prefix)
        run(["make", "--no-print-directory", "--old-file=.venv/dev", "VENV=.venv", "lock"], folder)
        return read_locks(Path(folder, REQUIREMENTS))


def tell(title: str, lines: Iterator[str], none: str) -> None:
    """Print the lines under their title, or that there are none, or why it is not known."""
    print(title)
    try:
        print("".join(f"  {line}\n" for line in lines) or f"  {none}\n")
    except UserError as error:
        print("  NOT KNOWN, the packages could not be looked up:")
        print("".join(f"    {line}\n" for line in str(error).splitlines()))


def main() -> None:
    pins = read_locks(REQUIREMENTS)
    tell("Direct requirements with a newer release:", newer_releases(pins), "none")
    tell("Locking again now would change:", changes(pins), "nothing")


def _highest(releases: Iterable[tuple[str, str]]) -> dict[str, Version]:
    highest: dict[str, Version] = {}
    for name, version in releases:
        highest[name] = max(Version(version), highest.get(name, Version("0")))
    return highest


def _versions(pins: set[Pin]) -> str:
    return ", ".join(map(str, sorted(Version(pin.version) for pin in pins)))


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"outdated: {error}")
