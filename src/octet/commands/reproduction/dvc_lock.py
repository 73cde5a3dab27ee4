"""What dvc.lock says, read with care: DVC writes it in place, so a killed run may leave half of it."""

from pathlib import Path
from typing import Any

import yaml

from octet.common.errors import UserError, first_line
from octet.common.untrusted_yaml import load_yaml

_LARGEST = 1 << 24  # bytes
_REMEDY = "bring the committed one back with `git checkout dvc.lock`, or remove it: DVC's cache still has what ran"


def read_lock(lock: Path) -> dict[str, Any]:
    """The stages in dvc.lock, none where there is no such file; an error says what is wrong with it and what to do."""
    try:
        with lock.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return {}
    if b"\n<<<<<<< " in b"\n" + content:
        raise UserError(f"{lock.name} has a merge conflict: take one side with `git checkout --ours {lock.name}`")
    if not content.endswith(b"\n"):
        raise UserError(f"{lock.name} {'breaks off' if content else 'is empty'}, as a killed run leaves it: {_REMEDY}")

    from dvc.schema import COMPILED_LOCKFILE_SCHEMA
    from voluptuous import Invalid

    try:
        stages: dict[str, Any] = COMPILED_LOCKFILE_SCHEMA(load_yaml(content, _LARGEST)).get("stages", {})
    except (yaml.YAMLError, Invalid) as error:
        raise UserError(f"{lock.name} is damaged ({first_line(error)}): {_REMEDY}") from None
    return stages
