"""Runs a runtime in a process of its own, in bounded time and memory: whatever it does there, here it is a row."""

import json
import os
import resource
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octet.common.printing import printable
from octet.devices.protocol import AbsentError, RefusedError

SCRIPTS = Path(__file__).parent / "scripts"

LOG = "log.txt"
SECONDS = 3600  # emulated, 200 pictures of 320 px take minutes
_MEMORY = 8 << 30  # bytes
_LONGEST = 300  # letters of a reason
_NO_INSTALLATION = ("ModuleNotFoundError: ", "ImportError: ")


def ask(
    command: Sequence[str | Path],
    scratch: Path,
    environment: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
) -> tuple[tuple[NDArray[Any], ...], dict[str, Any], str]:
    """Run a script that takes the place for its answers as its last word; return outputs, facts, and what it printed.

    The script writes PLACE.npz, a file of arrays in the order of the outputs, and PLACE.json.
    """
    place = scratch / "answers"
    for file in (place.with_suffix(".npz"), place.with_suffix(".json")):
        file.unlink(missing_ok=True)
    said = run([*command, place], scratch, environment, seconds)
    try:
        with np.load(place.with_suffix(".npz"), allow_pickle=False) as arrays:
            outputs = tuple(arrays[f"arr_{number}"] for number in range(len(arrays.files)))
        return outputs, json.loads(place.with_suffix(".json").read_text()), said
    except (OSError, ValueError, LookupError) as error:
        raise RefusedError(f"it ended well, but its answers cannot be read: {printable(str(error))}") from None


def run(
    command: Sequence[str | Path],
    scratch: Path,
    environment: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
) -> str:
    """Run a command in the scratch folder and return what it printed; all but a good end is an error with a reason."""
    with started(command, scratch, environment) as process:
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise RefusedError(f"it gave no answer in {seconds:g} s") from None
    said = (scratch / LOG).read_text(errors="replace")
    if code:
        raise _failure(code, said)
    return said


@contextmanager
def started(
    command: Sequence[str | Path], scratch: Path, environment: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """A process in the scratch folder, whose words go to its log there; it ends with the block at the latest."""
    with (scratch / LOG).open("wb") as output:
        try:
            process = subprocess.Popen(
                [os.fspath(word) for word in command],
                cwd=scratch,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that what it started ends with it
            )
        except OSError as error:
            raise AbsentError(f"{command[0]} cannot be started: {error.strerror}") from None
    try:
        if hasattr(resource, "prlimit"):  # Linux; data, for emulators and browsers reserve addresses by the terabyte
            hard = resource.getrlimit(resource.RLIMIT_DATA)[1]  # which only root may raise
            most = _MEMORY if hard == resource.RLIM_INFINITY else min(_MEMORY, hard)
            with suppress(ProcessLookupError):
                resource.prlimit(process.pid, resource.RLIMIT_DATA, (most, most))
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _failure(code: int, said: str) -> Exception:
    """The error that a process's end amounts to: a crash, a missing package, or what it said last."""
    if code < 0:
        return RefusedError(f"its process died of {signal.Signals(-code).name}")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = lines[-1] if lines else f"it ended with code {code} and said nothing"
    reason = printable(last)[:_LONGEST]
    return AbsentError(reason) if last.startswith(_NO_INSTALLATION) else RefusedError(reason)
