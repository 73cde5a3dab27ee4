"""Fine-tune the float network for 8-bit inference, with every tensor rounded as the integer file will.

Reads:  data/RECIPE/records, models/RECIPE/float
Writes: models/RECIPE/qat/{weights.h5,history.csv}; checkpoints and TensorBoard's events go to runs/
Usage:  python src/train_qat.py RECIPE
"""

from pathlib import Path

from octet.common import device
from octet.common.determinism import make_deterministic
from octet.common.files import require_output
from octet.common.weights import load_weights
from octet.data.reading.pictures import picture_batches
from octet.data.reading.pixels import normalize
from octet.data.reading.records import read_class_names
from octet.quantization.qat import (
    calibrate,
    clone,
    freeze_batch_norm,
    freeze_ranges,
    quantize,
    trained_variables,
    write_range_summaries,
)
from octet.recipe.shared import stage
from octet.recipe.shared.recipe import Recipe
from octet.tasks import registry
from octet.training.networks import Networks
from octet.training.run import TrainingPaths, run_training


def main(recipe: Recipe) -> None:
    plan = recipe.train_qat
    device.use(plan.device)
    records = require_output(Path("data", recipe.name, "records"), f"preprocess@{recipe.name}")
    weights = require_output(Path("models", recipe.name, "float", "weights.h5"), f"train_float@{recipe.name}")
    make_deterministic(plan.seed)
    classes = read_class_names(records)
    network = registry.network(recipe, classes).build()
    load_weights(network, weights, f"train_float@{recipe.name}")
    averaged = quantize(network, plan.float_layers)
    pictures = picture_batches(records, "train", recipe.model.input_size, plan.batch)
    calibrate(averaged, network, pictures.take(plan.calibration_batches).map(normalize))
    quantized = clone(averaged)
    if plan.freeze_batch_norm:
        freeze_batch_norm(quantized)
    if plan.freeze_ranges:
        freeze_ranges(quantized)
    networks = Networks(
        quantized,
        averaged,
        [(1.0, trained_variables(quantized))],
        teacher=network if plan.distillation_weight else None,
        distillation_weight=plan.distillation_weight,
    )
    scratch, output = Path("runs", recipe.name, "train_qat"), Path("models", recipe.name, "qat")
    learning = registry.learning(recipe, classes)
    run_training(
        learning,
        networks,
        plan,
        TrainingPaths(records, [weights], scratch, output, before=weights.parent),
        summaries=[write_range_summaries],
    )


if __name__ == "__main__":
    stage.run(main, __doc__)
