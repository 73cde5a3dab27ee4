"""The command itself, of either kind: its options, its model, and the files that it leaves."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from octet.commands.command_line.pixels import add_pixels
from octet.commands.command_line.recipes import RecipeResults, recipe_with_results
from octet.commands.looking.kinds import KINDS, Kind
from octet.commands.looking.results import STDOUT, write_results_csv, write_results_json
from octet.common.errors import UserError
from octet.common.printing import printable
from octet.recipe.shared.load import PARAMS, load_recipe

if TYPE_CHECKING:
    from octet.commands.looking.window import Window

STOPPED = 130


def look(options: argparse.Namespace, kind: Kind) -> int:
    """Run a model on the sources; the exit code tells whether all of them could be read, and their copies written."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # file names can hold any bytes
    if options.json == options.csv == STDOUT:
        raise UserError("--json and --csv cannot both go to standard output")
    model = _model(options, kind)
    if options.labels and not options.labels.exists():
        raise UserError(f"{options.labels}: no such labels")

    from octet.commands.looking.sources import find_sources

    sources = find_sources(options.sources)

    from octet.commands.looking.pictures import Looker
    from octet.commands.looking.run import Run, look_at_sources
    from octet.commands.looking.words import describe_findings, describe_times
    from octet.common import device
    from octet.common.interruption import stop_requested
    from octet.tasks import registry

    run = Run()
    shown = redirect_stdout(sys.stderr if STDOUT in (options.json, options.csv) else sys.stdout)
    with ExitStack() as results, shown:
        device.use("cpu")
        finder = registry.finder(kind.task, model, options.labels)
        finder.take_pixels(options.pixels)
        looker = Looker(finder, options.min_score, options.top)
        if options.json:  # written however it ends
            results.callback(write_results_json, options.json, run.results, kind)
        if options.csv:
            results.callback(write_results_csv, options.csv, run.results, kind)
        with _screen() if options.show else nullcontext() as window, stop_requested("this picture") as is_stopped:
            look_at_sources(run, kind, sources, looker, options.out, window, is_stopped)
            stopped = is_stopped()
        if len(run.seconds) > 1:
            times = describe_times(run.seconds, looker.cold_seconds)
            print(printable(f"{len(run.seconds)} pictures, {times}: {describe_findings(run.results, kind)}"))
        if run.failed:
            print(f"octet: {run.failed} of {len(sources)} failed", file=sys.stderr)
    return STOPPED if stopped else 1 if run.failed else 0


def _model(options: argparse.Namespace, kind: Kind) -> Path:
    """The file to run, which exists."""
    if options.model:
        if not options.model.is_file():
            raise UserError(f"{options.model}: no such model")
        model: Path = options.model
        return model
    if not PARAMS.exists():
        raise UserError(
            f"{PARAMS} does not exist here: name a .tflite file with --model, or run the command in the top folder of "
            "the repository"
        )
    if options.recipe:
        _require_task(options.recipe, kind)
    shipped = RecipeResults(f"models/{{recipe}}/{kind.model}_uint8.tflite", "convert")
    return shipped.of_recipe(recipe_with_results(options.recipe, shipped))


def _require_task(recipe: str, kind: Kind) -> None:
    """Refuse a recipe whose models are for another command."""
    task = load_recipe(recipe).task
    for other in KINDS:
        if other != kind and other.task == task:
            raise UserError(f"{recipe} trains a {other.model}, not a {kind.model}: use octet {other.command}")


@contextmanager
def _screen() -> Iterator["Window"]:
    """Open a window to show pictures in; Tk, which it needs, does not come with every Python."""
    try:
        from octet.commands.looking.window import open_window
    except ImportError as error:
        raise UserError(f"--show needs Tk ({error}): on Debian, apt install python3-tk") from None
    with open_window("Octet") as window:
        yield window


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of either kind; `min_score` and `top` are each command's own."""
    parser.add_argument("sources", nargs="+", metavar="SOURCE")
    model = parser.add_mutually_exclusive_group()
    model.add_argument("--recipe", metavar="RECIPE", help="whose shipped file to run (default: the only one there is)")
    model.add_argument("--model", type=Path, metavar="FILE", help="a .tflite file to run instead")
    parser.add_argument("--labels", type=Path, metavar="FILE", help="a label a line, for a file without labels")
    add_pixels(parser, "how the model expects its pixels, whatever its metadata says")
    parser.add_argument("--out", type=Path, metavar="DIR", help="the folder for drawn copies")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all that was found as JSON; - is standard output")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="the same as a table")
    parser.add_argument("--show", action="store_true", help="show each copy in a window until a key is pressed")


def share(text: str) -> float:
    """A number from 0 to 1."""
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"found {text}, expected 0 to 1")
    return value
