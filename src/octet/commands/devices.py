"""Try a recipe's files on every runtime that can be had here, and compare their answers picture by picture.

Reads:  models/RECIPE, data/RECIPE/records
Writes: reports/RECIPE/devices.json; runs/RECIPE/devices, scratch, with float32_raw.tflite for compilers that quantize
Usage:  octet devices [RECIPE] [--pictures N] [--only RUNTIME] [--only RUNTIME] ...
        with --only, what the report has of other runtimes stays, where it is of the same files and pictures
        exit code 1: a runtime of the recipe's devices.must is wrong or refuses a file
"""

import argparse
import sys
from pathlib import Path

from octet.commands.command_line.command import run_command
from octet.commands.command_line.numbers import positive
from octet.commands.command_line.recipes import SHIPPED_FILE, add_recipe_with_results, recipe_with_results
from octet.common.files import alone_in, require_output, sha256_of
from octet.tflite.running.variants import variant_files

REQUIREMENTS = Path("requirements")


def main(options: argparse.Namespace) -> None:
    recipe = recipe_with_results(options.recipe, SHIPPED_FILE)
    models, report = Path("models", recipe.name), Path("reports", recipe.name, "devices.json")
    files = variant_files(models, recipe.shipped_file)
    raw = require_output(files["uint8_raw"], f"convert@{recipe.name}")
    records = require_output(Path("data", recipe.name, "records"), f"preprocess@{recipe.name}")

    from octet.devices.runtimes import all_runtimes, chosen

    runtimes = all_runtimes(REQUIREMENTS)
    must = {of.name for of in chosen(recipe.devices.must, runtimes, f"params.yaml: {recipe.name}.devices.must")}
    tried = chosen(options.only, runtimes, "--only") if options.only else runtimes

    from octet.commands.trying.subset import write_subset
    from octet.commands.trying.trials import Trials
    from octet.common import device
    from octet.devices.results import FAILED, Devices, read_devices, row_name, write_devices
    from octet.devices.table import devices_table

    device.use("cpu")
    scratch = Path("runs", recipe.name, "devices")
    with alone_in(scratch, "octet devices"):  # answers are compared with what lies there
        known = read_devices(report) if options.only and report.is_file() else None  # before what takes minutes
        pictures = write_subset(records, options.pictures or recipe.devices.pictures, scratch / "records")
        trials = Trials(recipe, files, scratch / "records", records, scratch)
        rows = {}
        for runtime in tried:
            for variant in runtime.variants:
                row = trials.row(runtime, variant)
                rows[row_name(runtime.name, variant)] = row
                print(f"{row_name(runtime.name, variant)}: {row.status}: {row.why}", flush=True)
    devices = Devices(
        recipe=recipe.name,
        file=str(raw),
        sha256=sha256_of(raw),
        pictures=pictures,
        metric=recipe.headline,
        files={name: sha256_of(file) for name, file in files.items() if file.suffix == ".tflite" and file.exists()},
        runtimes=rows,
    )
    if known:
        devices = devices.after(known)
    write_devices(report, devices)
    print(f"\n{devices_table(devices, recipe.metrics[recipe.headline])}\n\n{report}: {pictures} pictures of test")
    failed = [name for name, row in rows.items() if row.runtime in must and row.status in FAILED]
    if failed:
        sys.exit(f"octet: {recipe.name} fails on {', '.join(failed)}, which its devices.must lists")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_recipe_with_results(parser)
    parser.add_argument("--pictures", type=positive, metavar="N", help="how many of test (default: the recipe's)")
    parser.add_argument("--only", action="append", metavar="RUNTIME", help="try this one; may be given again")


def run() -> None:
    run_command(main, __doc__, add_arguments)
