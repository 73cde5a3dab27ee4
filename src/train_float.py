"""Train the float detector.

Reads:  data/RECIPE/records, data/RECIPE/pretrained/*.h5
Writes: models/RECIPE/float/{weights.h5,history.csv}; checkpoints and TensorBoard's events go to runs/
Usage:  python src/train_float.py RECIPE
"""

from pathlib import Path

from octet import device, stage
from octet.dataset.records import read_labels
from octet.evaluation.validate import Validation
from octet.files import require
from octet.recipe import Recipe
from octet.training.determinism import make_deterministic
from octet.training.networks import float_networks
from octet.training.run import run_training


def main(recipe: Recipe) -> None:
    plan = recipe.train_float
    device.use(plan.device)
    data = Path("data", recipe.name)
    records = require(data / "records", f"preprocess@{recipe.name}")
    pretrained = sorted(require(data / "pretrained", f"fetch@{recipe.name}").glob("*.h5"))
    classes = read_labels(records)
    make_deterministic(plan.seed)
    validation = Validation(records, recipe.model, classes)
    run_training(
        float_networks(recipe.model, plan, len(classes), pretrained),
        recipe.model,
        plan,
        records,
        score=validation.score,
        shows=[validation.show],
        starts_from=pretrained,
        scratch=Path("runs", recipe.name, "train_float"),
        output=Path("models", recipe.name, "float"),
    )


if __name__ == "__main__":
    stage.run(main, __doc__)
