"""Train the float detector as much further as the quantized one, to tell what eight bits cost from what training gains.

Reads:  data/RECIPE/records, models/RECIPE/float
Writes: models/RECIPE/control/{weights.h5,history.csv}; checkpoints and TensorBoard's events go to runs/
Usage:  python src/train_control.py RECIPE
"""

from pathlib import Path

from octet import device, stage
from octet.dataset.records import read_labels
from octet.detector.model import build_detector
from octet.evaluation.validate import Validation
from octet.files import require
from octet.quantization.qat import freeze_batch_norm
from octet.recipe import Recipe
from octet.training.determinism import make_deterministic
from octet.training.networks import Networks
from octet.training.run import run_training


def main(recipe: Recipe) -> None:
    device.use(recipe.train_qat.device)
    records = require(Path("data", recipe.name, "records"), f"preprocess@{recipe.name}")
    weights = require(Path("models", recipe.name, "float", "weights.h5"), f"train_float@{recipe.name}")
    plan, classes = recipe.train_qat, read_labels(records)
    make_deterministic(plan.seed)
    validation = Validation(records, recipe.model, classes)
    model, averaged = (build_detector(recipe.model, len(classes)) for _ in range(2))
    for network in (model, averaged):
        network.load_weights(weights)
    if plan.freeze_batch_norm:
        freeze_batch_norm(model)
    run_training(
        Networks(model, averaged, [(1.0, model.trainable_variables)]),
        recipe.model,
        plan,
        records,
        score=validation.score,
        shows=[validation.show],
        starts_from=[weights],
        scratch=Path("runs", recipe.name, "train_control"),
        output=Path("models", recipe.name, "control"),
    )


if __name__ == "__main__":
    stage.run(main, __doc__)
