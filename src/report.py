"""Write the report, one HTML file, and the card that travels with the model.

Reads:  reports/RECIPE, models/RECIPE, data/RECIPE/{records,dataset.json}
Writes: reports/RECIPE/report.html, models/RECIPE/MODEL_CARD.md
Usage:  python src/report.py RECIPE
"""

import csv
from pathlib import Path

from octet import device, stage
from octet.dataset.records import read_pictures
from octet.files import read_json, require, whole_file
from octet.quantization.metadata import read_recipe
from octet.recipe import Recipe
from octet.reporting.card import model_card
from octet.reporting.page import page
from octet.reporting.pictures import draw_found
from octet.reporting.plots import drop_bars, precision_recall_curves, training_curves

CURVES = ("float", "qat", "uint8")


def main(recipe: Recipe) -> None:
    device.use("cpu")
    data, models, reports = (Path(top, recipe.name) for top in ("data", "models", "reports"))
    dataset = read_json(data / "dataset.json", f"preprocess@{recipe.name}")
    shipped = require(models / "detector_uint8.tflite", f"convert@{recipe.name}")
    for name in ("float", "qat"):
        require(models / name / "history.csv", f"train_{name}@{recipe.name}")
    evaluation, found = (
        read_json(reports / file, f"evaluate@{recipe.name}") for file in ("evaluation.json", "detections/uint8.json")
    )
    plots = {
        "What each step changed": drop_bars(evaluation["ledger"]),
        "Training": training_curves({name: rows(models / name / "history.csv") for name in ("float", "qat")}),
        "Precision and recall": precision_recall_curves(
            {name: rows(reports / "curves" / f"{name}.csv") for name in CURVES}
        ),
    }
    shown = read_pictures(data / "records", "test", recipe.report.pictures)
    pictures = draw_found(shown, found, dataset["classes"], recipe.report.min_score)
    with whole_file(reports / "report.html") as report:
        report.write_text(page(evaluation, dataset, plots, pictures))
    with whole_file(models / "MODEL_CARD.md") as card:
        card.write_text(model_card(recipe, dataset, evaluation, read_recipe(shipped)))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    stage.run(main, __doc__)
