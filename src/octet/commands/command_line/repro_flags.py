"""Flags of `dvc repro` among a command's words, which DVC itself reads later."""

import argparse
from collections.abc import Sequence


def add_repro_flags(parser: argparse.ArgumentParser) -> None:
    """Let the command take flags of `dvc repro` after all that it takes itself."""
    parser.add_argument("flags", nargs=argparse.REMAINDER, metavar="FLAG", help="for `dvc repro`, such as --force")


def asks_for_dry_run(flags: Sequence[str]) -> bool:
    """Whether the flags ask to be told what would run, and to run nothing."""
    parser = argparse.ArgumentParser(add_help=False)  # as DVC's own, it also knows the flag by its first letters
    parser.add_argument("-n", "--dry", action="store_true", dest="dry")
    known, _ = parser.parse_known_args(flags)
    return bool(known.dry)
