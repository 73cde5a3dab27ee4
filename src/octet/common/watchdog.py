"""A process that ends this one where it hangs in a native call, in which Python runs no thread and no handler."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_PROGRAM = """
import os, select, signal, sys
if not select.select([sys.stdin], [], [], float(sys.argv[1]))[0]:
    print(f"octet: {sys.argv[2]}", file=sys.stderr, flush=True)
    os.kill(os.getppid(), signal.SIGKILL)
"""


@contextmanager
def ended_unless_done(seconds: float, message: str) -> Iterator[None]:
    """Run the block, and end this process with a message where it takes longer than so many seconds."""
    command = [sys.executable, "-I", "-S", "-c", _PROGRAM, str(seconds), message]
    # In a session of its own: Ctrl-C is for this process. Its input ends with the block, or with this process.
    watchdog = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    try:
        yield
    finally:
        watchdog.communicate()
