"""Train the float network, and balance its channels for eight bits, which changes nothing that it computes.

Reads:  data/RECIPE/records, data/RECIPE/pretrained/*.h5
Writes: models/RECIPE/float/{weights.h5,history.csv}; checkpoints and TensorBoard's events go to runs/
Usage:  python src/train_float.py RECIPE
"""

from pathlib import Path

from octet.common.determinism import make_deterministic
from octet.common.files import require_output
from octet.common.tensorflow import keras
from octet.data.reading.pictures import picture_batches
from octet.data.reading.pixels import normalize
from octet.data.reading.records import read_class_names
from octet.recipe.shared import stage
from octet.recipe.shared.recipe import Recipe
from octet.tasks import registry
from octet.training.balancing import balance_channels
from octet.training.networks import float_networks
from octet.training.run import TrainingPaths, making_networks, run_training
from octet.training.strategy import start_team

_BALANCED = 8  # batches that tell how far the channels reach


def main(recipe: Recipe) -> None:
    plan = recipe.train_float
    team = start_team(plan)
    data = Path("data", recipe.name)
    records = require_output(data / "records", f"preprocess@{recipe.name}")
    pretrained = sorted(require_output(data / "pretrained", f"fetch@{recipe.name}").glob("*.h5"))
    make_deterministic(plan.seed)
    classes = read_class_names(records)
    scratch, output = Path("runs", recipe.name, "train_float"), Path("models", recipe.name, "float")
    paths = TrainingPaths(records, pretrained, scratch, output)
    learning = registry.learning(recipe, classes)
    with making_networks(learning, plan, paths, team):
        networks = float_networks(registry.network(recipe, classes), plan, pretrained, team.strategy)

    def balance(network: keras.Model) -> None:
        pictures = picture_batches(records, "train", recipe.model.input_size, plan.batch)
        balance_channels(network, pictures.take(_BALANCED).map(normalize))

    run_training(learning, networks, plan, paths, team, finish=balance)


if __name__ == "__main__":
    stage.run(main, __doc__)
