"""A clone of a stranger's repository, with nothing of its settings but where the remote is."""

import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import psutil
from dvc.config import Config, ConfigError

from octet.commands.reproduction.clone import use_own_caches
from octet.common.errors import UserError, first_line

_MOST_SETTINGS = 100_000  # bytes
_MOST_SECONDS, _MOST_BYTES = 600, 2**30  # of a clone, and of each file in it: git packs a whole repository into one
# What a stranger may say of a remote: where it is. Files of keys and credentials can name programs to run.
_OF_A_STRANGER = {"url", "endpointurl", "region", "user", "port", "projectname", "account_name"}


def clone_repository(address: str, folder: Path, tag: str | None, own_settings: Path | None) -> None:
    """Clone the newest commit of a repository, or that of a tag; it may be a stranger's.

    No link is made in the clone, and of DVC's settings it has those alone that say where the remote is, or the own
    ones in their place.
    """
    at = ("--branch", tag) if tag else ()
    options = ("--quiet", "--config", "core.symlinks=false", "--depth", "1", *at)
    _run_within_limits("git", "clone", *options, "--", address, str(folder))
    settings = folder / ".dvc"
    if not (settings / "config").is_file():
        raise UserError(f"{address}: is no repository of DVC: it has no file .dvc/config")
    remote = {} if own_settings else _remote_of(settings / "config", address)
    shutil.rmtree(settings)  # what else lies there is DVC's own: locks, caches, files on their way
    settings.mkdir()
    with _dvc_errors(address), Config(str(settings)).edit("repo") as config:
        config.update(remote)
    if own_settings:
        shutil.copyfile(own_settings, settings / "config.local")
    use_own_caches(folder)


def _run_within_limits(*command: str) -> None:
    """Run a command with its terminal, which may have to ask for a password, and end it and all that it started."""
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (_MOST_BYTES, _MOST_BYTES))
    try:
        process = psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=limit)
    except FileNotFoundError:
        raise UserError(f"{command[0]} is needed for this, and not installed") from None
    try:
        _, said = process.communicate(timeout=_MOST_SECONDS)
    except subprocess.TimeoutExpired:
        for child in [*process.children(recursive=True), process]:
            with suppress(psutil.NoSuchProcess):
                child.kill()
        process.communicate()
        raise UserError(f"`{' '.join(command)}` took more than {_MOST_SECONDS} seconds, and was ended") from None
    if process.returncode:
        raise UserError(f"`{' '.join(command)}` failed: {said.strip()}")


def _remote_of(settings: Path, address: str) -> dict[str, Any]:
    """The default remote, if there is one, as a stranger's settings describe it."""
    if settings.stat().st_size > _MOST_SETTINGS:
        raise UserError(f"{address}: its .dvc/config has more than {_MOST_SETTINGS:,} bytes")
    with _dvc_errors(address):
        found = Config.load_file(str(settings))
    core, remotes = found.get("core", {}), found.get("remote", {})
    name = core.get("remote") if isinstance(core, dict) else None
    remote = remotes.get(name) if isinstance(remotes, dict) and isinstance(name, str) else None
    if not isinstance(remote, dict):
        return {}
    if refused := sorted(set(remote) - _OF_A_STRANGER):
        raise UserError(
            f"{address}: its .dvc/config sets {', '.join(refused)} of the remote {name}, which are for its owner to "
            f"set, not for a stranger: name a file with settings of your own with --config"
        )
    if isinstance(url := remote.get("url"), str) and "://" not in url:
        remote["url"] = str((settings.parent / url).resolve())  # DVC would take it from the working directory
    return {"core": {"remote": name}, "remote": {name: remote}}


@contextmanager
def _dvc_errors(address: str) -> Iterator[None]:
    try:
        yield
    except ConfigError as error:
        raise UserError(f"{address}: its .dvc/config cannot be used: {first_line(error)}") from None
