"""Errors that a user can correct; a program that meets one ends with a one-line message and no traceback."""

import errno
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from octet.common.printing import printable

# Codes of an OSError that the user has to solve: a full disk, missing permissions, a file size limit.
_USER_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EFBIG}


class UserError(Exception):
    """A mistake in the input; its message says which file and field, what was found and what to do."""


def first_line(error: Exception) -> str:
    """The first line of an error's message, or the name of the error's class if the message is empty.

    A message may quote a stranger's file.
    """
    return printable((str(error).strip() or type(error).__name__).splitlines()[0])


@contextmanager
def report_user_errors(*further: type[Exception], stopped: str = "stopped") -> Iterator[None]:
    """Turn a user's mistake into a one-line message and exit code 1, and an interruption into exit code 130.

    `further` lists error classes of libraries that are the user's mistakes, too; `stopped` is what is printed after an
    interruption.
    """
    mistakes: tuple[type[Exception], ...] = (UserError, *further)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # treat SIGTERM like Ctrl-C
    try:
        yield
    except KeyboardInterrupt:
        print(f"octet: {stopped}", file=sys.stderr)
        sys.exit(130)
    except mistakes as error:
        sys.exit("\n".join(map(printable, f"octet: {error}".split("\n"))))
    except OSError as error:
        if error.errno not in _USER_ERRNOS and not error.filename:
            raise
        name = printable(str(error.filename or "the output"))
        sys.exit(f"octet: cannot read or write {name}: {error.strerror}")
