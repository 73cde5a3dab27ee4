"""Measure how fast the parts of a recipe are on this machine, with one core and with all.

Reads:  data/RECIPE/{archives,records,pretrained}; models/RECIPE/float, where it is trained
Writes: runs/RECIPE/benchmark.json
Usage:  python src/benchmark.py RECIPE
"""

from pathlib import Path

from octet import stage
from octet.benchmark.cores import on_cores
from octet.benchmark.data import input_rates, preparation_rates
from octet.benchmark.network import scoring_rates, training_rates
from octet.benchmark.table import text_table
from octet.files import require, write_json
from octet.machine import cores
from octet.recipe import Recipe


def main(recipe: Recipe) -> None:
    data = Path("data", recipe.name)
    archives = require(data / "archives", f"fetch@{recipe.name}")
    records = require(data / "records", f"preprocess@{recipe.name}")
    pretrained = sorted(require(data / "pretrained", f"fetch@{recipe.name}").glob("*.h5"))
    weights = Path("models", recipe.name, "float", "weights.h5")
    rates = {}
    for count in sorted({1, cores()}):
        rates[count] = {
            "from the archives": on_cores(count, preparation_rates, recipe, archives, records),
            "from the records": on_cores(count, input_rates, recipe, records),
            "training": on_cores(count, training_rates, recipe, records, pretrained),
        }
        if weights.exists():
            rates[count]["scoring"] = on_cores(count, scoring_rates, recipe, records, weights)
    if not weights.exists():
        print(f"{weights} is not there yet: how fast it scores was not measured")
    print(f"\n{text_table(rates)}")
    write_json(Path("runs", recipe.name, "benchmark.json"), rates)


if __name__ == "__main__":
    stage.run(main, __doc__)
