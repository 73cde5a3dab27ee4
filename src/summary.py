"""Print the table of a recipe's scores and where its results lie.

Reads:  reports/RECIPE/evaluation.json
Usage:  python src/summary.py RECIPE
"""

from pathlib import Path

from octet import stage
from octet.files import read_json
from octet.recipe import Recipe
from octet.reporting.table import text_table


def main(recipe: Recipe) -> None:
    reports = Path("reports", recipe.name)
    evaluation = read_json(reports / "evaluation.json", f"evaluate@{recipe.name}")
    print(f"\n{text_table(evaluation['variants'])}\n")
    print(f"model:  {Path('models', recipe.name, 'detector_uint8.tflite')}")
    print(f"report: {reports / 'report.html'}")


if __name__ == "__main__":
    stage.run(main, __doc__)
