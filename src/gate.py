"""Fail where a recipe's uint8 model lost, weighs or holds more than its gate allows, or scores too little.

Reads:  reports/RECIPE/evaluation.json, models/RECIPE
Usage:  python src/gate.py RECIPE    (exit code 0: passed, 1: not)
"""

import sys
from pathlib import Path

from octet import stage
from octet.evaluation.gate import checks, text_table
from octet.evaluation.variants import variant_files
from octet.files import read_json, require
from octet.recipe import Recipe


def main(recipe: Recipe) -> None:
    evaluation = read_json(Path("reports", recipe.name, "evaluation.json"), f"evaluate@{recipe.name}")
    made = variant_files(Path("models", recipe.name))
    looked_at = ("uint8", *recipe.evaluate.forbidden_operators)
    files: dict[str, Path] = {variant: require(made[variant], f"convert@{recipe.name}") for variant in looked_at}
    found = checks(evaluation["variants"], files, recipe.evaluate)
    print(text_table(found))
    if not all(check.passed for check in found):
        sys.exit(f"octet: the gate of {recipe.name} is closed")
    print(f"the gate of {recipe.name} is open")


if __name__ == "__main__":
    stage.run(main, __doc__)
