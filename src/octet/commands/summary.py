"""Print the table of a recipe's scores and where its results lie.

Reads:  reports/RECIPE/evaluation.json
Usage:  python src/octet summary RECIPE
"""

from pathlib import Path

from octet.commands.reproduction.clone import git
from octet.common.errors import UserError
from octet.measuring.evaluation import read_evaluation
from octet.recipe.shared import stage
from octet.recipe.shared.recipe import Recipe
from octet.reporting.table import scores_table


def main(recipe: Recipe) -> None:
    reports = Path("reports", recipe.name)
    evaluation = read_evaluation(reports / "evaluation.json", f"score@{recipe.name}")
    print(f"\n{scores_table(evaluation, recipe)}\n")
    print(f"commit: {made_by()}")
    print(f"model:  {Path('models', recipe.name, recipe.shipped_file)}")
    print(f"report: {reports / 'report.html'}")


def made_by() -> str:
    """Which commit is checked out; outputs do not say it, for their bytes are the same at many."""
    try:
        return git("describe", "--always", "--dirty=, and changes that are not committed").strip()
    except UserError:
        return "none: this is not a clone"


def run() -> None:
    stage.run(main, __doc__)
