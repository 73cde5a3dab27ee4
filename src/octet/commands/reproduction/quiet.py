"""DVC's own command line in this process, without its hints; stages, errors and exit codes stay as they are.

No pipe lies between a stage and the terminal, so that progress bars are drawn and Ctrl-C reaches it.
"""

import logging
from collections.abc import Sequence

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
    return int(main(list(words)))


def is_no_hint(record: logging.LogRecord) -> bool:
    """Whether a line of DVC's log is about a stage, or about what went wrong."""
    return not str(record.msg).startswith(_HINTS)
