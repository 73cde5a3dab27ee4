"""Fail where a recipe's uint8 model loses, weighs or holds more than its quality gate allows, or scores too little.

Reads:  reports/RECIPE/{evaluation.json,files.json}, models/RECIPE
Usage:  octet gate [RECIPE]    (exit code 0: passed, 1: not)
"""

import argparse
import sys
from pathlib import Path

from octet.commands.command_line.command import run_command
from octet.commands.command_line.recipes import EVALUATION, add_recipe_with_results, recipe_with_results
from octet.commands.ending.scored import require_scored
from octet.measuring.evaluation import read_evaluation
from octet.measuring.files import read_files


def main(options: argparse.Namespace) -> None:
    recipe = recipe_with_results(options.recipe, EVALUATION)
    evaluation = read_evaluation(EVALUATION.of_recipe(recipe), recipe)
    scored = read_files(Path("reports", recipe.name, "files.json"), recipe)
    require_scored(recipe, ("uint8", *recipe.score.forbidden_operators), scored, evaluation.variants)

    from octet.measuring.gate import check_limits, gate_table

    results = check_limits(evaluation.variants, evaluation.ledger, scored, recipe)
    print(gate_table(results))
    if not all(check.passed for check in results):
        sys.exit(f"octet: {recipe.name} fails its quality gate")
    print(f"{recipe.name} passes its quality gate")


def run() -> None:
    run_command(main, __doc__, add_recipe_with_results)
