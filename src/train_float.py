"""Train the float detector.

Reads:  data/RECIPE/records
Writes: models/RECIPE/float/{weights.h5,history.csv}; checkpoints and TensorBoard's events go to runs/
Usage:  python src/train_float.py RECIPE
"""

from pathlib import Path

from octet import device, stage
from octet.detector.model import build_detector
from octet.evaluation.validate import validation_score
from octet.files import require
from octet.recipe import Recipe
from octet.training.determinism import make_deterministic
from octet.training.run import run_training


def main(recipe: Recipe) -> None:
    device.use(recipe.train_float.device)
    records = require(Path("data", recipe.name, "records"), f"preprocess@{recipe.name}")
    classes = recipe.dataset.classes
    make_deterministic(recipe.train_float.seed)
    run_training(
        build_detector(recipe.model, len(classes)),
        recipe.model,
        recipe.train_float,
        records,
        score=validation_score(records, recipe.model, classes),
        starts_from=[],
        scratch=Path("runs", recipe.name, "train_float"),
        output=Path("models", recipe.name, "float"),
    )


if __name__ == "__main__":
    stage.run(main, __doc__)
