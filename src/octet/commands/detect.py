"""Detect objects in pictures with a recipe's shipped file, or with any .tflite detector that has the same outputs.

Writes: a copy of each picture or video with boxes drawn in, NAME.detected.jpg or .mp4, beside it or into --out
Usage:  octet detect [--recipe RECIPE | --model FILE] SOURCE...
        SOURCE: a picture, a folder, a pattern, a video, a camera's number, an http(s) address, or - (standard input)
        exit code 1: some sources could not be read, or their copies not be written; the others were
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from octet.commands.command_line.command import run_command
from octet.commands.command_line.recipes import SHIPPED_FILE, recipe_with_results
from octet.commands.detecting.results import STDOUT, write_results_csv, write_results_json
from octet.common.errors import UserError
from octet.common.printing import printable
from octet.recipe.shared.load import PARAMS

if TYPE_CHECKING:
    from octet.commands.detecting.window import Window

STOPPED = 130


def main(options: argparse.Namespace) -> int:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # file names can hold any bytes
    if options.json == options.csv == STDOUT:
        raise UserError("--json and --csv cannot both go to standard output")
    model, task = model_and_task(options)
    if options.labels and not options.labels.exists():
        raise UserError(f"{options.labels}: no such labels")

    from octet.commands.detecting.sources import find_sources

    sources = find_sources(options.sources)

    from octet.commands.detecting.pictures import label_counts
    from octet.commands.detecting.run import DetectionRun, detect_in_sources
    from octet.common import device
    from octet.common.interruption import stop_requested
    from octet.tasks import registry

    run = DetectionRun()
    shown = redirect_stdout(sys.stderr if STDOUT in (options.json, options.csv) else sys.stdout)
    with ExitStack() as results, shown:
        device.use("cpu")
        detector = registry.finder(task, model, options.labels)
        if options.json:  # written however the detection ends
            results.callback(write_results_json, options.json, run.results)
        if options.csv:
            results.callback(write_results_csv, options.csv, run.results)
        with screen() if options.show else nullcontext() as window, stop_requested("this picture") as is_stopped:
            detect_in_sources(run, sources, detector, options.min_score, options.out, window, is_stopped)
            stopped = is_stopped()
        if len(run.seconds) > 1:
            each = f"{median(run.seconds) * 1000:.1f} ms each (median)"
            print(printable(f"{len(run.seconds)} pictures, {each}: {label_counts(run.results)}"))
        if run.failed:
            print(f"octet: {run.failed} of {len(sources)} failed", file=sys.stderr)
    return STOPPED if stopped else 1 if run.failed else 0


def model_and_task(options: argparse.Namespace) -> tuple[Path, str]:
    """The file to run, which exists, and the task that it was made for."""
    if options.model:
        if not options.model.is_file():
            raise UserError(f"{options.model}: no such model")
        return options.model, "detection"
    if not PARAMS.exists():
        raise UserError(
            f"{PARAMS} does not exist here: name a .tflite file with --model, or run the command in the top folder of "
            "the repository"
        )
    recipe = recipe_with_results(options.recipe, SHIPPED_FILE)
    return SHIPPED_FILE.of_recipe(recipe), recipe.task


@contextmanager
def screen() -> Iterator["Window"]:
    """Open a window to show pictures in; Tk, which it needs, does not come with every Python."""
    try:
        from octet.commands.detecting.window import open_window
    except ImportError as error:
        raise UserError(f"--show needs Tk ({error}): on Debian, apt install python3-tk") from None
    with open_window("Octet") as window:
        yield window


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sources", nargs="+", metavar="SOURCE")
    model = parser.add_mutually_exclusive_group()
    model.add_argument("--recipe", metavar="RECIPE", help="whose shipped file to run (default: the only one there is)")
    model.add_argument("--model", type=Path, metavar="FILE", help="a .tflite file to run instead")
    parser.add_argument("--labels", type=Path, metavar="FILE", help="a label a line, for a file without labels")
    parser.add_argument("--min-score", type=share, default=0.5, metavar="0..1", help="the least score (0.5)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="the folder for drawn copies")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all detections as JSON; - is standard output")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="the same as a table")
    parser.add_argument("--show", action="store_true", help="show each copy in a window until a key is pressed")


def share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"found {text}, expected 0 to 1")
    return value


def run() -> None:
    run_command(main, __doc__, add_arguments)
