"""DVC's own command line in this process, without its hints; stages, errors and exit codes stay as they are.

No pipe lies between a stage and the terminal, so that progress bars are drawn and Ctrl-C reaches it.
"""

import logging
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import psutil

from octet.common.imports import uncollected

# The beginnings of what DVC's log says beside stages and errors
_HINTS = (
    "\nTo track the changes with git",
    "\nTo enable auto staging",
    "Stage '%s' didn't change",
    "'%s' didn't change",
    "Updating lock file",
    "Generating lock file",
)


def run_dvc(words: Sequence[str]) -> int:
    """Run a command of DVC, and return its exit code."""
    with uncollected():
        from dvc.cli import main
        from dvc.commands import repro  # noqa: F401  # and what it needs
        from dvc.ui import ui

        from octet.commands.reproduction.parsing import parse_each_text_once

    for handler in logging.getLogger("dvc").handlers:
        handler.addFilter(is_no_hint)
    ui.enable = lambda: None  # beside its log, it would advise to push
    parse_each_text_once()
    with _passing_sigterm_on():
        return int(main(list(words)))


@contextmanager
def _passing_sigterm_on() -> Iterator[None]:
    """Pass SIGTERM, which may reach this process alone, on to the stage that runs, and let DVC wait until that ends.

    A training has to save before a container goes.
    """

    def pass_on(*_: object) -> None:
        with suppress(psutil.NoSuchProcess):  # it has just ended
            for child in psutil.Process().children():
                # DVC starts a shell, which mostly becomes the stage's program.
                is_shell = child.cmdline()[1:2] == ["-c"]
                for stage in child.children() if is_shell else [child]:
                    stage.terminate()

    previous = signal.signal(signal.SIGTERM, pass_on)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def is_no_hint(record: logging.LogRecord) -> bool:
    """Whether a line of DVC's log is about a stage, or about what went wrong."""
    return not str(record.msg).startswith(_HINTS)
