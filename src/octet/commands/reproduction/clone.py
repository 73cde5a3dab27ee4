"""A clone of what is committed, in which a recipe runs without any earlier results."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dvc.config import Config, ConfigError

from octet.common.errors import UserError, first_line

_DVC = (sys.executable, "-m", "dvc")
_MOST_SETTINGS = 100_000  # bytes
# What a stranger may say of a remote: where it is. Files of keys and credentials can name programs to run.
_OF_A_STRANGER = {"url", "endpointurl", "region", "user", "port", "projectname", "account_name"}


def git(*arguments: str) -> str:
    """Run a git command, and return what it prints."""
    return _output("git", *arguments)


def clone_head(folder: Path) -> None:
    """Clone the repository of the working directory; the clone has DVC caches of its own, whatever is configured."""
    git("clone", "--quiet", ".", str(folder))
    _use_own_caches(folder)


def clone_repository(address: str, folder: Path, tag: str | None, own_settings: Path | None) -> None:
    """Clone the newest commit of a repository, or that of a tag, likewise; it may be a stranger's.

    No link is made in the clone, and of DVC's settings it has those alone that say where the remote is, or the own
    ones in their place.
    """
    at = ("--branch", tag) if tag else ()
    git("clone", "--quiet", "--config", "core.symlinks=false", "--depth", "1", *at, "--", address, str(folder))
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
    _use_own_caches(folder)


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
    return {"core": {"remote": name}, "remote": {name: dict(remote)}}


@contextmanager
def _dvc_errors(address: str) -> Iterator[None]:
    try:
        yield
    except ConfigError as error:
        raise UserError(f"{address}: its .dvc/config cannot be used: {first_line(error)}") from None


def _use_own_caches(folder: Path) -> None:
    for option in ("cache.dir", "core.site_cache_dir"):
        _output(*_DVC, "config", "--local", option, str((folder / ".dvc" / option).resolve()), cwd=folder)


def cache_folder(repository: Path) -> Path:
    """Where a repository has its DVC cache."""
    return Path(_output(*_DVC, "cache", "dir", cwd=repository).strip())


def reproduce(folder: Path, recipe: str) -> bool:
    """Run a recipe's stages in the folder, and return whether they succeeded; no process is left, however it ends."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # the stages' python is the one that runs this
    process = subprocess.Popen(
        [*_DVC, "repro", "--glob", f"*@{recipe}"],
        cwd=folder,
        env={**os.environ, "PATH": path},
        start_new_session=True,
    )
    try:
        return process.wait() == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _output(*command: str, cwd: Path | None = None) -> str:
    try:
        return subprocess.run(command, cwd=cwd, text=True, check=True, capture_output=True).stdout
    except FileNotFoundError:
        raise UserError(f"{command[0]} is needed for this, and not installed") from None
    except subprocess.CalledProcessError as error:
        raise UserError(f"`{' '.join(command)}` failed: {error.stderr.strip()}") from None
