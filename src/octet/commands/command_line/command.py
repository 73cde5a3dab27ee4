"""How every command starts: words are parsed before anything slow is imported, and a mistake ends in one line.

A command's file therefore imports nothing slow, such as TensorFlow or DVC, but in `main`, after its own checks.
"""

import argparse
import sys
from collections.abc import Callable

from octet.common.errors import report_user_errors


def run_command(
    main: Callable[[argparse.Namespace], int | None],
    description: str | None,
    add_arguments: Callable[[argparse.ArgumentParser], None] = lambda _: None,
) -> None:
    """Parse the command line, run `main` with the options, and end with the exit code that it returns."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    options = parser.parse_args()
    with report_user_errors():
        code = main(options)
    sys.exit(code)
