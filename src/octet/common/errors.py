"""What goes wrong for reasons a user can mend, and how a program ends then: in one line, without a traceback."""

import errno
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_BEYOND_US = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EFBIG}


class UserError(Exception):
    """A mistake in the input; the message says which file and field, what was found and what to do."""


def first_line(error: Exception) -> str:
    """What a library's error says, in a line; its name, if it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


@contextmanager
def report_user_errors(*others: type[Exception], stopped: str = "stopped") -> Iterator[None]:
    """A mistake of the user's, of which a library may have its own kinds, ends in one line and exit code 1."""
    mistakes: tuple[type[Exception], ...] = (UserError, *others)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # being told to end is being interrupted
    try:
        yield
    except KeyboardInterrupt:
        print(f"octet: {stopped}", file=sys.stderr)
        sys.exit(130)
    except mistakes as error:
        sys.exit(f"octet: {error}")
    except OSError as error:
        if error.errno not in _BEYOND_US and not error.filename:
            raise
        sys.exit(f"octet: cannot read or write {error.filename or 'the output'}: {error.strerror}")
