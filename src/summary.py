"""Print the table of a recipe's scores and where its results lie.

Reads:  reports/RECIPE/evaluation.json
Usage:  python src/summary.py RECIPE
"""

from pathlib import Path

from octet import stage
from octet.errors import UserError
from octet.files import read_json
from octet.recipe import Recipe
from octet.reporting.table import text_table
from octet.reproduction.clone import git


def main(recipe: Recipe) -> None:
    reports = Path("reports", recipe.name)
    evaluation = read_json(reports / "evaluation.json", f"evaluate@{recipe.name}")
    print(f"\n{text_table(evaluation)}\n")
    print(f"commit: {made_by()}")
    print(f"model:  {Path('models', recipe.name, 'detector_uint8.tflite')}")
    print(f"report: {reports / 'report.html'}")


def made_by() -> str:
    """Which commit is checked out; outputs do not say it, for their bytes are the same at many."""
    try:
        return git("describe", "--always", "--dirty=, and changes that are not committed").strip()
    except UserError:
        return "none: this is not a clone"


if __name__ == "__main__":
    stage.run(main, __doc__)
