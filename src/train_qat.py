"""Fine-tune the float network for 8-bit inference, with every tensor rounded as the integer file will.

Reads:  data/RECIPE/records, models/RECIPE/float
Writes: models/RECIPE/qat/{weights.h5,history.csv}; checkpoints and TensorBoard's events go to runs/
Usage:  python src/train_qat.py RECIPE
"""

from pathlib import Path

from octet.common.determinism import make_deterministic
from octet.common.files import require_output
from octet.common.weights import load_weights
from octet.data.reading.calibration import calibration_batches
from octet.data.reading.records import read_class_names
from octet.quantization.networks import quantized_networks
from octet.quantization.qat import write_range_summaries
from octet.recipe.shared import stage
from octet.recipe.shared.recipe import Recipe
from octet.tasks import registry
from octet.training.run import TrainingPaths, making_networks, run_training
from octet.training.strategy import start_team


def main(recipe: Recipe) -> None:
    plan = recipe.train_qat
    team = start_team(plan)
    records = require_output(Path("data", recipe.name, "records"), f"preprocess@{recipe.name}")
    weights = require_output(Path("models", recipe.name, "float", "weights.h5"), f"train_float@{recipe.name}")
    make_deterministic(plan.seed)
    classes = read_class_names(records)
    network = registry.network(recipe, classes).build()
    load_weights(network, weights, f"train_float@{recipe.name}")
    pictures = None
    if team.is_chief:  # from whom the others take over what they begin with
        pictures = calibration_batches(records, recipe.model.input_size, plan.batch, plan.calibration_batches)
    scratch, output = Path("runs", recipe.name, "train_qat"), Path("models", recipe.name, "qat")
    paths = TrainingPaths(records, [weights], scratch, output, before=weights.parent)
    learning = registry.learning(recipe, classes)
    with making_networks(learning, plan, paths, team):
        networks = quantized_networks(network, plan, team.strategy, pictures)
    run_training(learning, networks, plan, paths, team, summaries=[write_range_summaries])


if __name__ == "__main__":
    stage.run(main, __doc__)
