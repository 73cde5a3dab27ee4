"""A clone of what is committed, in which a recipe runs without any earlier results."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from octet.common.errors import UserError

_DVC = (sys.executable, "-m", "dvc")


def git(*arguments: str) -> str:
    """Run a git command, and return what it prints."""
    return _output("git", *arguments)


def clone_head(folder: Path) -> None:
    """Clone the repository of the working directory; the clone has DVC caches of its own, whatever is configured."""
    git("clone", "--quiet", ".", str(folder))
    use_own_caches(folder)


def use_own_caches(folder: Path) -> None:
    """Give a clone DVC caches of its own, whatever is configured."""
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
