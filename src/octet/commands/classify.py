"""Tell what pictures show with a recipe's shipped file, or with any .tflite classifier.

Writes: a copy of each picture or video with the likeliest classes written on it, NAME.classified.jpg or .mp4, beside it
        or into --out
Usage:  octet classify [--recipe RECIPE | --model FILE] SOURCE...
        SOURCE: a picture, a folder, a pattern, a video, a camera's number, an http(s) address, or - (standard input)
        exit code 1: some sources could not be read, or their copies not be written; the others were
"""

import argparse
from math import inf

from octet.commands.command_line.command import run_command
from octet.commands.command_line.numbers import positive
from octet.commands.looking import command
from octet.commands.looking.kinds import CLASSIFICATION


def main(options: argparse.Namespace) -> int:
    return command.look(options, CLASSIFICATION)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    command.add_arguments(parser)
    parser.add_argument("--top", type=positive, default=3, metavar="N", help="how many classes to tell (3)")
    parser.add_argument("--min-score", type=command.share, default=-inf, metavar="0..1", help="the least score (any)")


def run() -> None:
    run_command(main, __doc__, add_arguments)
