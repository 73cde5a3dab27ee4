"""Detect objects in pictures with a recipe's shipped file, or with any .tflite detector that has the same outputs.

Writes: a copy of each picture or video with boxes drawn in, NAME.detected.jpg or .mp4, beside it or into --out
Usage:  octet detect [--recipe RECIPE | --model FILE] SOURCE...
        SOURCE: a picture, a folder, a pattern, a video, a camera's number, an http(s) address, or - (standard input)
        exit code 1: some sources could not be read, or their copies not be written; the others were
"""

import argparse

from octet.commands.command_line.command import run_command
from octet.commands.looking import command
from octet.commands.looking.kinds import DETECTION


def main(options: argparse.Namespace) -> int:
    return command.look(options, DETECTION)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    command.add_arguments(parser)
    parser.add_argument("--min-score", type=command.share, default=0.5, metavar="0..1", help="the least score (0.5)")
    parser.set_defaults(top=None)


def run() -> None:
    run_command(main, __doc__, add_arguments)
