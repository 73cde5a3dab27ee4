"""Print the table of a recipe's scores and where its results lie.

Reads:  reports/RECIPE/{evaluation,devices}.json; the second, of `octet devices`, need not be there
Usage:  octet summary [RECIPE]
"""

import argparse
from pathlib import Path

from octet.commands.command_line.command import run_command
from octet.commands.command_line.recipes import EVALUATION, add_recipe_with_results, recipe_with_results
from octet.commands.reproduction.clone import git
from octet.common.errors import UserError
from octet.devices.results import read_devices
from octet.devices.table import devices_table
from octet.measuring.evaluation import read_evaluation
from octet.reporting.table import scores_table


def main(options: argparse.Namespace) -> None:
    recipe = recipe_with_results(options.recipe, EVALUATION)
    evaluation = read_evaluation(EVALUATION.of_recipe(recipe), recipe)
    print(f"\n{scores_table(evaluation, recipe)}\n")
    devices = Path("reports", recipe.name, "devices.json")
    if devices.exists():
        tried = read_devices(devices)
        print(f"{devices_table(tried, recipe.metrics[tried.metric])}\n")
        print(f"devices: {tried.pictures} pictures, with {tried.file} of SHA-256 {tried.sha256[:12]}")
    print(f"commit: {current_commit()}")
    print(f"model:  {Path('models', recipe.name, recipe.shipped_file)}")
    print(f"report: {Path('reports', recipe.name, 'report.html')}")


def current_commit() -> str:
    """The commit that is checked out; the results do not name it, since many commits make the same bytes."""
    try:
        return git("describe", "--always", "--dirty=, and changes that are not committed").strip()
    except UserError:
        return "none: this is not a clone"


def run() -> None:
    run_command(main, __doc__, add_recipe_with_results)
