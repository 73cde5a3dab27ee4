"""Write the report, one HTML file, and the card that travels with the model.

Reads:  reports/RECIPE, models/RECIPE/{float,qat}, data/RECIPE/{records,dataset.json}
Writes: reports/RECIPE/{report.html,gallery.jpg,training.csv,confusion.csv}, models/RECIPE/MODEL_CARD.md
Usage:  python src/report.py RECIPE
"""

from importlib.metadata import version
from pathlib import Path

import yaml

from octet.common.files import atomic_write, read_json
from octet.common.machine import describe_cpu
from octet.measuring.evaluation import read_evaluation
from octet.measuring.files import read_files
from octet.measuring.layers import read_layers
from octet.measuring.reading import read_numbers
from octet.recipe.shared import stage
from octet.recipe.shared.recipe import Recipe
from octet.reporting.card import model_card
from octet.reporting.dvc_plots import write_confusion, write_training
from octet.reporting.page import Findings, page
from octet.tasks import registry

PACKAGES = ("tensorflow", "tf-keras", "tensorflow-model-optimization", "ai-edge-litert", "numpy", "pillow")
HISTORY = ("epoch", "loss", "learning_rate")  # beside the score, which each task calls differently


def main(recipe: Recipe) -> None:
    print(f"running on {describe_cpu()}", flush=True)
    data, models, reports = (Path(top, recipe.name) for top in ("data", "models", "reports"))
    evaluation = read_evaluation(reports / "evaluation.json", recipe)
    shipped = read_files(reports / "files.json", recipe)["uint8"]
    results = registry.showing(recipe).results(data, reports, evaluation)
    findings = Findings(
        recipe=recipe,
        evaluation=evaluation,
        results=results,
        dataset=read_json(data / "dataset.json", f"preprocess@{recipe.name}"),
        histories={
            name: read_numbers(models / name / "history.csv", f"train_{name}@{recipe.name}", HISTORY)
            for name in ("float", "qat")
        },
        layers=read_layers(reports / "layers.json", f"layers@{recipe.name}"),
        shipped=shipped,
        made_of={
            "recipe": f"{recipe.name}, SHA-256 {recipe.model_sha256}",
            recipe.shipped_file: f"SHA-256 {shipped.sha256}",
            **{package: version(package) for package in PACKAGES},
        },
        recipe_text=yaml.safe_dump(recipe.model_settings, sort_keys=False),
    )
    write_training(reports / "training.csv", findings.histories)
    write_confusion(reports / "confusion.csv", results.confusion)
    for path, content in (
        (reports / "gallery.jpg", results.montage),
        (reports / "report.html", page(findings).encode()),
        (models / "MODEL_CARD.md", model_card(recipe, findings.dataset, evaluation, results).encode()),
    ):
        with atomic_write(path) as file:
            file.write_bytes(content)


if __name__ == "__main__":
    stage.run(main, __doc__)
