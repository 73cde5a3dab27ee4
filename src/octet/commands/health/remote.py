"""Whether DVC's default remote can be used."""

import os
import subprocess
import sys
from pathlib import Path

from dvc.exceptions import DvcException
from dvc.repo import Repo

from octet.commands.health.finding import Finding, failure_reason
from octet.commands.sharing.remote import default_remote
from octet.common.errors import report_user_errors

_TIMEOUT = 30  # seconds


def check_remote() -> Finding:
    """Ask for the default remote as push and pull do, in another process, which is stopped where it does not answer."""
    try:
        name = Repo().config["core"].get("remote")
    except DvcException as error:
        return Finding("FAIL", "remote", f"DVC: {error}", "run from the top of the repository")
    if not name:
        return Finding("note", "remote", "none is set: models stay here (docs/remotes.md)")
    try:
        command = [sys.executable, "-m", __name__]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
        answer = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_TIMEOUT)
    except subprocess.TimeoutExpired:
        return _unusable(f"{name} does not answer within {_TIMEOUT} s")
    if answer.returncode:
        return _unusable(failure_reason(answer).removeprefix("octet: "))
    return Finding("ok", "remote", f"{name} answers")


def _unusable(reason: str) -> Finding:
    """A failure on the host; in the container no target asks for the remote, and the host may see what it does not."""
    if os.environ.get("OCTET_IMAGE"):
        return Finding("note", "remote", reason, "push and pull run on the host: make doctor RUNNER=local looks there")
    return Finding("FAIL", "remote", reason, "see docs/remotes.md")


def _look() -> None:
    with report_user_errors(DvcException), Repo() as repo:
        default_remote(repo)


if __name__ == "__main__":
    _look()
