"""What the hash-locked requirements pin: pip-requirements-parser reads them, a line that pins nothing is refused."""

from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name, canonicalize_version
from pip_requirements_parser import RequirementsFile

from octet.common.errors import UserError


@dataclass(frozen=True)
class Pin:
    """One line of a lock; a package has several where Pythons or systems need different versions."""

    lock: str
    name: str
    version: str
    hashes: tuple[str, ...]


def read_locks(folder: Path) -> list[Pin]:
    """Every pin of every lock in a folder, whichever Python or system it is for."""
    locks = sorted(folder.glob("*.txt"))
    if not locks:
        raise UserError(f"{folder}: no lock (*.txt) is there; run `make lock`")
    return [pin for lock in locks for pin in _read_lock(lock)]


def _read_lock(lock: Path) -> list[Pin]:
    file = RequirementsFile.from_file(str(lock))
    for line in file.invalid_lines:
        raise UserError(f"{lock}, line {line.line_number}: {line.error_message}; run `make lock`")
    for line in file.requirements:
        if not line.get_pinned_version or not line.hash_options:
            raise UserError(
                f"{lock}, line {line.line_number}: expected NAME==VERSION with its --hash, "
                f"found {line.line.split(' --hash')[0].strip()!r}; run `make lock`"
            )
    return [
        Pin(
            lock.name,
            canonicalize_name(line.name),
            canonicalize_version(line.get_pinned_version, strip_trailing_zero=False),
            tuple(sorted(line.hash_options)),
        )
        for line in file.requirements
    ]
