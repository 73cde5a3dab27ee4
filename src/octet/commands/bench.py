"""Measure how fast the parts of a recipe are on this machine, with one core, with two and with all.

Reads:  data/RECIPE/{archives,records,pretrained}; models/RECIPE, where it exists; PEER, another .tflite detector
Writes: runs/RECIPE/benchmark.json; runs/RECIPE/speed.json, from which `make report` tells the speed
Usage:  octet bench [RECIPE] [--pixels raw|unit|signed]
"""

import argparse
import os
from pathlib import Path

from octet.commands.command_line.command import run_command
from octet.commands.command_line.pixels import add_pixels
from octet.commands.command_line.recipes import RECORDS, add_recipe_with_results, recipe_with_results
from octet.common.errors import UserError
from octet.common.files import require_output, write_json
from octet.common.machine import cores
from octet.tflite.running.variants import variant_files


def main(options: argparse.Namespace) -> None:
    recipe = recipe_with_results(options.recipe, RECORDS)
    data = Path("data", recipe.name)
    archives = require_output(data / "archives", f"fetch@{recipe.name}")
    records = RECORDS.of_recipe(recipe)
    pretrained = sorted(require_output(data / "pretrained", f"fetch@{recipe.name}").glob("*.h5"))
    models = Path("models", recipe.name)
    weights = models / "float" / "weights.h5"
    files = {name: variant_files(models, recipe.shipped_file)[name] for name in ("float32", "uint8", "uint8_raw")}
    if "PEER" in os.environ:
        files["peer"] = Path(os.environ["PEER"])
        if not files["peer"].is_file():
            raise UserError(f"PEER={files['peer']}: no such file; expected a .tflite detector")
    elif options.pixels:
        raise UserError(f"--pixels {options.pixels}: is for PEER=, another detector: name one, or leave it out")

    from octet.commands.benchmark.cores import on_cores
    from octet.commands.benchmark.data import input_rates, preparation_rates
    from octet.commands.benchmark.files import PEER, file_rates, file_scoring_rates, open_peer
    from octet.commands.benchmark.network import scoring_rates, shared_rates, training_rates
    from octet.commands.benchmark.speed import measure_speed
    from octet.commands.benchmark.table import rates_table

    if PEER in files:
        open_peer(files[PEER], options.pixels)  # refused before minutes of measurement, and not after
    alone = recipe
    if recipe.train_float.strategy.kind in ("workers", "tpu"):  # which this command does not start
        alone = recipe.model_copy(update={"train_float": recipe.train_float.on_one_device()})
        print(f"train_float is measured on one device, in place of its {recipe.train_float.strategy.replicas} replicas")

    rates = {}
    for count in sorted({1, min(2, cores()), cores()}):
        rates[count] = {
            "from the archives": on_cores(count, preparation_rates, recipe, archives),
            "from the records": on_cores(count, input_rates, recipe, records),
            "training": on_cores(count, training_rates, alone, records, pretrained),
        }
        if weights.exists():
            rates[count]["scoring"] = on_cores(count, scoring_rates, recipe, records, weights)
        if files["uint8"].exists():
            rates[count]["one picture"] = on_cores(count, file_rates, files, records, options.pixels)
            rates[count]["scoring a file"] = on_cores(
                count, file_scoring_rates, files["uint8"], records, recipe.model.input_size
            )
    page = Path("reports", recipe.name, "report.html")
    for path in (weights, files["uint8"], page):
        if not path.exists():
            print(f"{path} does not exist yet, so the speed of what needs it was not measured")
    shared = {}
    if cores() > 1 and recipe.train_float.pictures_at_once % 2 == 0:
        shared = {"training on two cores": shared_rates(recipe, records, pretrained)}
        print(f"\n{rates_table({2: shared})}")
    print(f"\n{rates_table(rates)}\n")
    if files["uint8"].exists():
        one, each = (rates[count]["scoring a file"]["file"] / count for count in (1, cores()))
        print(f"a file is scored at {each / one:.2f} of one core's rate on each of {cores()}")
        small, large = (files[name].stat().st_size for name in ("uint8", "float32"))
        print(f"uint8 has {small / 1e6:.2f} MB, {small / large:.2f} of float32's")
        if page.exists():
            speed = measure_speed(recipe)
            gain = f"{speed.gain:.2f} times as fast as float32"
            print(f"it takes {speed['uint8']:.3g} ms for one picture on one core, and is {gain}")
    write_json(Path("runs", recipe.name, "benchmark.json"), {**rates, "shared": shared})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_recipe_with_results(parser)
    add_pixels(parser, "how PEER expects its pixels, whatever its metadata says")


def run() -> None:
    run_command(main, __doc__, add_arguments)
