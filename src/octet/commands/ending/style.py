"""Colour and weight of text on a terminal; in a log, and where NO_COLOR is set, text stays plain."""

import os
import sys

BOLD, FAINT, GREEN, RED = "1", "2", "32", "31"


def styled(text: str, *styles: str) -> str:
    """The text as a terminal shows it in these styles, where standard output is one that may."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\033[{';'.join(styles)}m{text}\033[0m"
