"""Measure how fast the parts of a recipe are on this machine, with one core, with two and with all.

Reads:  data/RECIPE/{archives,records,pretrained}; models/RECIPE, where there are some; PEER, another .tflite detector
Writes: runs/RECIPE/benchmark.json
Usage:  python src/octet bench RECIPE
"""

import os
from pathlib import Path

from octet.commands.benchmark.cores import on_cores
from octet.commands.benchmark.data import input_rates, preparation_rates
from octet.commands.benchmark.files import file_rates, scoring_rates_of_file
from octet.commands.benchmark.network import scoring_rates, training_rates
from octet.commands.benchmark.table import rates_table
from octet.common.errors import UserError
from octet.common.files import require, write_json
from octet.common.machine import cores
from octet.recipe.shared import stage
from octet.recipe.shared.recipe import Recipe
from octet.tflite.running.variants import variant_files


def main(recipe: Recipe) -> None:
    data = Path("data", recipe.name)
    archives = require(data / "archives", f"fetch@{recipe.name}")
    records = require(data / "records", f"preprocess@{recipe.name}")
    pretrained = sorted(require(data / "pretrained", f"fetch@{recipe.name}").glob("*.h5"))
    models = Path("models", recipe.name)
    weights = models / "float" / "weights.h5"
    files = {name: variant_files(models, recipe.shipped_file)[name] for name in ("float32", "uint8", "uint8_raw")}
    if "PEER" in os.environ:
        files["peer"] = Path(os.environ["PEER"])
        if not files["peer"].is_file():
            raise UserError(f"PEER={files['peer']}: no such file; expected a .tflite detector")
    rates = {}
    for count in sorted({1, min(2, cores()), cores()}):
        rates[count] = {
            "from the archives": on_cores(count, preparation_rates, recipe, archives),
            "from the records": on_cores(count, input_rates, recipe, records),
            "training": on_cores(count, training_rates, recipe, records, pretrained),
        }
        if weights.exists():
            rates[count]["scoring"] = on_cores(count, scoring_rates, recipe, records, weights)
        if files["uint8"].exists():
            rates[count]["one picture"] = on_cores(count, file_rates, files, records)
            rates[count]["scoring a file"] = on_cores(
                count, scoring_rates_of_file, files["uint8"], records, recipe.model.input_size
            )
    for made in (weights, files["uint8"]):
        if not made.exists():
            print(f"{made} is not there yet: how fast it is was not measured")
    print(f"\n{rates_table(rates)}")
    if files["uint8"].exists():
        one, *_, all_of_them = (rates[count]["scoring a file"]["file"] / count for count in (1, cores()))
        print(f"\na file is scored at {all_of_them / one:.2f} of one core's rate on each of {cores()}")
        small, large = (files[name].stat().st_size for name in ("uint8", "float32"))
        print(f"uint8 has {small / 1e6:.2f} MB, {small / large:.2f} of float32's")
    write_json(Path("runs", recipe.name, "benchmark.json"), rates)


def run() -> None:
    stage.run(main, __doc__)
