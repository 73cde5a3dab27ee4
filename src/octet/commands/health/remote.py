"""Whether DVC's remote answers."""

import os
import subprocess
import sys
from pathlib import Path

from dvc.exceptions import DvcException
from dvc.repo import Repo

from octet.commands.health.finding import Finding, failure_reason

_TIMEOUT = 30  # seconds


def check_remote() -> Finding:
    """Look for the default remote's folder in another process, which is stopped where the remote does not answer."""
    try:
        name = Repo().config["core"].get("remote")
    except DvcException as error:
        return Finding("FAIL", "remote", f"DVC: {error}", "run from the top of the repository")
    if not name:
        return Finding("note", "remote", "none is set: models stay here (docs/remotes.md)")
    try:
        command = [sys.executable, "-m", __name__, name]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
        answer = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_TIMEOUT)
    except subprocess.TimeoutExpired:
        return Finding("FAIL", "remote", f"{name} does not answer within {_TIMEOUT} s", "see docs/remotes.md")
    if answer.returncode:
        reason = failure_reason(answer)
        return Finding("FAIL", "remote", f"{name} cannot be read: {reason}", "see docs/remotes.md")
    return Finding("ok", "remote", f"{name} answers")


def _look(name: str) -> None:
    remote = Repo().cloud.get_remote_odb(name, "pull")
    remote.fs.exists(remote.path)


if __name__ == "__main__":
    _look(sys.argv[1])
