"""How every stage script starts: the recipe's name on the command line, and one clear line when something is wrong."""

import argparse
import errno
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from octet.errors import UserError
from octet.recipe import Recipe, load_recipe


def run(main: Callable[[Recipe], None], usage: str | None) -> None:
    """Run `main` with the recipe that the command line names."""
    parser = argparse.ArgumentParser(description=usage, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", help="a section of params.yaml")
    name = parser.parse_args().recipe
    with told_plainly(stopped="stopped; the same command goes on from here"):
        main(load_recipe(name))


@contextmanager
def told_plainly(*others: type[Exception], stopped: str = "stopped") -> Iterator[None]:
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


_BEYOND_US = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EFBIG}
