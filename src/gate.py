"""Fail where a recipe's uint8 model lost, weighs or holds more than its gate allows, or scores too little.

Reads:  reports/RECIPE/evaluation.json
Usage:  python src/gate.py RECIPE    (exit code 0: passed, 1: not)
"""

import sys
from pathlib import Path

from octet import stage
from octet.evaluation.gate import text_table
from octet.files import read_json
from octet.recipe import Recipe


def main(recipe: Recipe) -> None:
    gate = read_json(Path("reports", recipe.name, "evaluation.json"), f"evaluate@{recipe.name}")["gate"]
    print(text_table(gate["checks"]))
    if not gate["passed"]:
        sys.exit(f"octet: the gate of {recipe.name} is closed")
    print(f"the gate of {recipe.name} is open")


if __name__ == "__main__":
    stage.run(main, __doc__)
