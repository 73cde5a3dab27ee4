"""Train the float detector.

Reads:  data/RECIPE/records, data/RECIPE/pretrained/*.h5
Writes: models/RECIPE/float/{weights.h5,history.csv}; checkpoints and TensorBoard's events go to runs/
Usage:  python src/train_float.py RECIPE
"""

from pathlib import Path

from octet import device, stage
from octet.dataset.records import read_labels
from octet.detector.model import build_detector
from octet.detector.pretrained import load_backbone
from octet.evaluation.validate import validation_score
from octet.files import require
from octet.recipe import Recipe
from octet.training.determinism import make_deterministic
from octet.training.run import run_training


def main(recipe: Recipe) -> None:
    device.use(recipe.train_float.device)
    data = Path("data", recipe.name)
    records = require(data / "records", f"preprocess@{recipe.name}")
    pretrained = sorted(require(data / "pretrained", f"fetch@{recipe.name}").glob("*.h5"))
    classes = read_labels(records)
    make_deterministic(recipe.train_float.seed)
    model = build_detector(recipe.model, len(classes))
    for weights in pretrained:
        load_backbone(model, recipe.model, weights)
    run_training(
        model,
        recipe.model,
        recipe.train_float,
        records,
        score=validation_score(records, recipe.model, classes),
        starts_from=pretrained,
        scratch=Path("runs", recipe.name, "train_float"),
        output=Path("models", recipe.name, "float"),
    )


if __name__ == "__main__":
    stage.run(main, __doc__)
