"""Serve TensorBoard with the trainings of all recipes, or of one.

Reads:  runs/*/*, where trainings write their losses and scores
Usage:  octet tensorboard [RECIPE] [--port 6006]
"""

import argparse
from pathlib import Path

from octet.commands.command_line.command import run_command
from octet.recipe.shared.load import load_recipe


def main(options: argparse.Namespace) -> int:
    runs = Path("runs", load_recipe(options.recipe).name) if options.recipe else Path("runs")

    from tensorboard import default, program

    import octet.common.tensorflow  # noqa: F401  # the plug-ins would import TensorFlow as well, but not silently

    board = program.TensorBoard(default.get_plugins())
    # The fast loader is experimental, and says so every time.
    board.configure(logdir=str(runs), port=options.port, host=options.host, load_fast="false")
    return int(board.main())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", metavar="RECIPE", nargs="?", help="a section of params.yaml (default: all)")
    parser.add_argument("--port", type=int, default=6006, choices=range(1 << 16), metavar="PORT")
    parser.add_argument("--host", default="localhost", help="the address to listen at; in a container 0.0.0.0")


def run() -> None:
    run_command(main, __doc__, add_arguments)
