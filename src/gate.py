"""Fail where a recipe's uint8 model lost more than its gate allows, or scores too little.

Reads:  reports/RECIPE/evaluation.json
Usage:  python src/gate.py RECIPE    (exit code 0: passed, 1: not)
"""

import sys
from pathlib import Path

from octet import stage
from octet.evaluation.gate import against_float
from octet.files import read_json
from octet.recipe import Recipe


def main(recipe: Recipe) -> None:
    evaluation = read_json(Path("reports", recipe.name, "evaluation.json"), f"evaluate@{recipe.name}")
    gate, score = evaluation["gate"], evaluation["variants"]["uint8"]["voc12_map"]
    verdict = (
        f"{recipe.name}: uint8 scores {score:.4f} (at least {gate['min_map']}), "
        f"{against_float(gate['drop'])} (at most {gate['max_drop']} below)"
    )
    if not gate["passed"]:
        sys.exit(f"octet: the gate is closed: {verdict}")
    print(f"the gate is open: {verdict}")


if __name__ == "__main__":
    stage.run(main, __doc__)
