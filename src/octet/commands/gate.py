"""Fail where a recipe's uint8 model lost, weighs or holds more than its gate allows, or scores too little.

Reads:  reports/RECIPE/{evaluation.json,files.json}, models/RECIPE
Usage:  python src/octet gate RECIPE    (exit code 0: passed, 1: not)
"""

import hashlib
import sys
from pathlib import Path

from octet.common.errors import UserError
from octet.common.files import require
from octet.measuring.evaluation import read_evaluation
from octet.measuring.files import FileFacts, read_files
from octet.measuring.gate import checks, gate_table
from octet.recipe.shared import stage
from octet.recipe.shared.recipe import Recipe
from octet.tflite.running.variants import variant_files


def main(recipe: Recipe) -> None:
    models, reports = Path("models", recipe.name), Path("reports", recipe.name)
    evaluation = read_evaluation(reports / "evaluation.json", f"score@{recipe.name}")
    scored = read_files(reports / "files.json", f"evaluate@{recipe.name}")
    made = variant_files(models, recipe.shipped_file)
    for variant in ("uint8", *recipe.score.forbidden_operators):
        require_scored(require(made[variant], f"convert@{recipe.name}"), scored[variant], recipe.name)
    found = checks(evaluation.variants, scored, recipe.headline, recipe.score)
    print(gate_table(found))
    if not all(check.passed for check in found):
        sys.exit(f"octet: {recipe.name} fails its quality gate")
    print(f"{recipe.name} passes its quality gate")


def require_scored(file: Path, facts: FileFacts, recipe: str) -> None:
    """Refuse a file that is not the one whose scores are judged."""
    if hashlib.sha256(file.read_bytes()).hexdigest() != facts.sha256:
        raise UserError(f"{file} is not the file that was scored: run `dvc repro score@{recipe}` first")


def run() -> None:
    stage.run(main, __doc__)
