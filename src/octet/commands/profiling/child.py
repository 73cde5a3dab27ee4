"""The process that profiles a file, apart from the one that the user started.

A file that somebody else made can crash the runtime, fill the memory, or hold a loop that never ends.
"""

import hashlib
import importlib.metadata
from multiprocessing.connection import Connection
from pathlib import Path

from octet.common.children import limit_memory, run_in_child
from octet.common.errors import UserError, first_line
from octet.common.machine import cpu_name
from octet.common.printing import printable
from octet.common.untrusted_files import read_untrusted_file
from octet.common.workers import leave_signals_to_parent
from octet.measuring.profile import Profile

_MOST_BYTES = 2**31 - 2**20  # of a file, by its format, with room for a list of outputs
_PATIENCE = 4.0, 120.0  # how long to wait: so many times the seconds that were allowed, and so many for the start


def profile_in_child(file: Path, threads: int, seconds: float) -> Profile:
    """Profile a file in a process of its own, within about so many seconds."""
    content = read_untrusted_file(file, _MOST_BYTES)
    factor, start = _PATIENCE
    outcome = run_in_child(_profile, (content, threads, seconds), factor * seconds + start, str(file))
    if isinstance(outcome, str):
        raise UserError(f"{file}: {outcome}")
    return Profile(
        file=printable(file.name),
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        runtime=f"ai-edge-litert {importlib.metadata.version('ai-edge-litert')}",
        machine=cpu_name(),
        threads=threads,
        **outcome,
    )


def _profile(sender: Connection, content: bytes, threads: int, seconds: float) -> None:
    """Run in the child process: send the measured part of a profile, or why there is none."""
    leave_signals_to_parent()
    limit_memory()
    try:
        from octet.commands.profiling.layers import measure_layers

        sender.send(measure_layers(content, threads, seconds))
    except UserError as error:
        sender.send(str(error))
    except MemoryError:
        sender.send("there is not enough memory: free some, or give it more")
    except Exception as error:  # a file that is not a model can make its readers raise anything
        sender.send(f"is not a model that LiteRT runs: {first_line(error)}")
