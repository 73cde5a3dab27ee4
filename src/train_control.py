"""Train the float network for as long as the quantized one, to tell what 8 bits cost from what more training gains.

Reads:  data/RECIPE/records, models/RECIPE/float
Writes: models/RECIPE/control/{weights.h5,history.csv}; checkpoints and TensorBoard's events go to runs/
Usage:  python src/train_control.py RECIPE
"""

from pathlib import Path

from octet.common.determinism import make_deterministic
from octet.common.files import require_output
from octet.common.weights import load_weights
from octet.data.reading.records import read_class_names
from octet.quantization.qat import freeze_batch_norm
from octet.recipe.shared import stage
from octet.recipe.shared.recipe import Recipe
from octet.tasks import registry
from octet.training.networks import Networks
from octet.training.run import TrainingPaths, making_networks, run_training
from octet.training.strategy import start_team


def main(recipe: Recipe) -> None:
    plan = recipe.train_qat
    team = start_team(plan)
    records = require_output(Path("data", recipe.name, "records"), f"preprocess@{recipe.name}")
    weights = require_output(Path("models", recipe.name, "float", "weights.h5"), f"train_float@{recipe.name}")
    make_deterministic(plan.seed)
    classes = read_class_names(records)
    network = registry.network(recipe, classes)
    scratch, output = Path("runs", recipe.name, "train_control"), Path("models", recipe.name, "control")
    paths = TrainingPaths(records, [weights], scratch, output, before=weights.parent)
    learning = registry.learning(recipe, classes)
    with making_networks(learning, plan, paths, team), team.strategy.scope():
        trained = network.build()
    averaged = network.build()
    for model in (trained, averaged):
        load_weights(model, weights, f"train_float@{recipe.name}")
    if plan.freeze_batch_norm:
        freeze_batch_norm(trained)
    networks = Networks(trained, averaged, [(1.0, trained.trainable_variables)])
    run_training(learning, networks, plan, paths, team)


if __name__ == "__main__":
    stage.run(main, __doc__)
