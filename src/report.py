"""Write the report, one HTML file, and the card that travels with the model.

Reads:  reports/RECIPE, models/RECIPE, data/RECIPE/{records,dataset.json}
Writes: reports/RECIPE/{report.html,gallery.jpg}, models/RECIPE/MODEL_CARD.md, and what DVC plots: reports/RECIPE/*.csv
Usage:  python src/report.py RECIPE
"""

import csv
import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from octet import device, stage
from octet.dataset.records import read_pictures, read_truths
from octet.evaluation.average_precision import gather
from octet.evaluation.detections import from_coco, sure
from octet.evaluation.errors import costs, diagnose, found_by_size
from octet.files import read_json, require, whole_file
from octet.quantization.metadata import read_recipe
from octet.quantization.operators import operators
from octet.recipe import Recipe
from octet.reporting.card import model_card
from octet.reporting.dvc_plots import write_confusion, write_ledger, write_training
from octet.reporting.gallery import Judged, choose, exhibit, montage
from octet.reporting.page import Findings, page

COMPARED = ("float", "uint8")
CURVES = ("float", "qat", "uint8")
SHOWN_IN_ROW = 4
SIZES = (0.1, 0.2, 0.4, 0.8)
PACKAGES = ("tensorflow", "tf-keras", "tensorflow-model-optimization", "ai-edge-litert", "numpy", "pillow")


def main(recipe: Recipe) -> None:
    device.use("cpu")
    data, models, reports = (Path(top, recipe.name) for top in ("data", "models", "reports"))
    dataset = read_json(data / "dataset.json", f"preprocess@{recipe.name}")
    shipped = require(models / "detector_uint8.tflite", f"convert@{recipe.name}")
    evaluation = read_json(reports / "evaluation.json", f"evaluate@{recipe.name}")
    content, made_by, classes = shipped.read_bytes(), read_recipe(shipped), dataset["classes"]

    truths = read_truths(data / "records", "test")
    objects = gather(truths)
    whole = {
        name: from_coco(read_json(reports / "detections" / f"{name}.json", f"evaluate@{recipe.name}"), truths)
        for name in COMPARED
    }
    shown = {name: sure(of, recipe.report.min_score) for name, of in whole.items()}
    found = {name: Judged(of, diagnose(of, objects, len(classes))) for name, of in shown.items()}
    chosen = choose(found["uint8"], objects, recipe.report.pictures)
    wanted = {truths[of.index].id for of in chosen}
    jpegs = {id: jpeg for id, jpeg in read_pictures(data / "records", "test") if id in wanted}
    areas = np.array([truth.width * truth.height for truth in truths], float)

    findings = Findings(
        evaluation=evaluation,
        dataset=dataset,
        exhibits=[exhibit(of, jpegs[truths[of.index].id], truths[of.index], objects, found, classes) for of in chosen],
        min_score=recipe.report.min_score,
        errors={
            name: costs(of, objects, diagnose(of, objects, len(classes)), len(classes)) for name, of in whole.items()
        },
        sizes=[*(f"up to {end:g}" for end in SIZES), f"more than {SIZES[-1]:g}"],
        recalls={name: found_by_size(objects, of.diagnosis, areas, SIZES) for name, of in found.items()},
        curves={name: rows(reports / "curves" / f"{name}.csv", f"evaluate@{recipe.name}") for name in CURVES},
        histories={
            name: rows(models / name / "history.csv", f"train_{name}@{recipe.name}") for name in ("float", "qat")
        },
        layers=read_json(reports / "layers.json", f"layers@{recipe.name}"),
        operators=operators(content),
        made_of={
            "recipe": f"{recipe.name}, SHA-256 {made_by}",
            shipped.name: f"SHA-256 {hashlib.sha256(content).hexdigest()}",
            **{package: version(package) for package in PACKAGES},
        },
        recipe=yaml.safe_dump(recipe.what_makes_models, sort_keys=False),
    )
    write_ledger(reports / "ledger.csv", evaluation["ledger"])
    write_training(reports / "training.csv", findings.histories)
    write_confusion(reports / "confusion.csv", found["uint8"], objects, classes)
    with whole_file(reports / "gallery.jpg") as gallery:
        gallery.write_bytes(montage(findings.exhibits[:SHOWN_IN_ROW], "uint8"))
    with whole_file(reports / "report.html") as report:
        report.write_text(page(findings))
    with whole_file(models / "MODEL_CARD.md") as card:
        card.write_text(model_card(recipe, dataset, evaluation, made_by))


def rows(path: Path, made_by: str) -> list[dict[str, Any]]:
    with require(path, made_by).open(newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    stage.run(main, __doc__)
