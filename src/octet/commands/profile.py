"""Measure how long each layer of a .tflite file takes on this machine, and what it has to do.

MODEL is a file, anybody's, or a recipe, for its shipped file (default: the only recipe with results).
Writes: runs/RECIPE/profile.json, or --json
Usage:  octet profile [MODEL] [--threads 1] [--seconds 120] [--top 15] [--json FILE]
"""

import argparse
from pathlib import Path

from octet.commands.command_line.command import run_command
from octet.commands.command_line.numbers import positive
from octet.commands.command_line.recipes import SHIPPED_FILE, recipe_with_results
from octet.common.errors import UserError

_SUFFIX = ".tflite"
_MOST_THREADS = 64
_DAY = 24 * 3600  # seconds


def main(options: argparse.Namespace) -> None:
    file, output = chosen_file(options.model)
    if options.json and options.json.is_dir():  # as the empty path is, which stands for the current folder
        raise UserError(f"--json {options.json}: is a folder, expected the name of a file")
    output = options.json or output

    from octet.commands.profiling.child import profile_in_child
    from octet.commands.profiling.table import profile_table
    from octet.common.files import write_json

    print(f"{file}: measuring for about {options.seconds:g} s", flush=True)
    profile = profile_in_child(file, options.threads, options.seconds)
    print(profile_table(profile, options.top))
    if output:
        write_json(output, profile.model_dump(mode="json"))
        print(f"\n{output}: the same as JSON")


def chosen_file(model: str | None) -> tuple[Path, Path | None]:
    """The file to profile, and where a recipe's profile is kept."""
    if model and model.endswith(_SUFFIX):
        if not Path(model).exists():
            raise UserError(f"{model}: no such model")
        return Path(model), None
    recipe = recipe_with_results(model, SHIPPED_FILE)
    return SHIPPED_FILE.of_recipe(recipe), Path("runs", recipe.name, "profile.json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", nargs="?", help=f"a {_SUFFIX} file, or a section of params.yaml")
    parser.add_argument("--threads", type=int, choices=range(1, _MOST_THREADS + 1), default=1, metavar="N")
    parser.add_argument("--seconds", type=duration, default=120, metavar="N", help="how long to measure (120)")
    parser.add_argument("--top", type=positive, default=15, metavar="N", help="how many layers to print (15)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write all layers")


def duration(text: str) -> float:
    """Seconds, which no measurement needs more of than a day has."""
    value = float(text)
    if not 0 < value <= _DAY:
        raise argparse.ArgumentTypeError(f"found {text}, expected seconds above 0, {_DAY} at most")
    return value


def run() -> None:
    run_command(main, __doc__, add_arguments)
