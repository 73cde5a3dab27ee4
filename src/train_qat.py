"""Teach the float detector to live in eight bits.

Reads:  data/RECIPE/records, models/RECIPE/float
Writes: models/RECIPE/qat/{weights.h5,history.csv}; checkpoints and TensorBoard's events go to runs/
Usage:  python src/train_qat.py RECIPE
"""

from pathlib import Path

from octet import device, stage
from octet.dataset.pipeline import picture_batches
from octet.dataset.pixels import normalize
from octet.dataset.records import read_labels
from octet.detector.model import build_detector
from octet.evaluation.validate import Validation
from octet.files import require
from octet.quantization.qat import (
    calibrate,
    freeze_batch_norm,
    freeze_ranges,
    quantize,
    show_ranges,
    trained_variables,
)
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
    model = build_detector(recipe.model, len(classes))
    model.load_weights(weights)
    quantized, averaged = (quantize(model, plan.float_layers) for _ in range(2))
    if plan.freeze_batch_norm:
        freeze_batch_norm(quantized)
    if plan.freeze_ranges:
        freeze_ranges(quantized)
    pictures = picture_batches(records, "train", recipe.model.input_size, plan.batch)
    calibrate(quantized, model, pictures.take(plan.calibration_batches).map(normalize))
    averaged.set_weights(quantized.get_weights())
    run_training(
        Networks(
            quantized,
            averaged,
            [(1.0, trained_variables(quantized))],
            teacher=model if plan.distillation else None,
            taught=plan.distillation,
        ),
        recipe.model,
        plan,
        records,
        score=validation.score,
        shows=[validation.show, show_ranges],
        starts_from=[weights],
        scratch=Path("runs", recipe.name, "train_qat"),
        output=Path("models", recipe.name, "qat"),
    )


if __name__ == "__main__":
    stage.run(main, __doc__)
