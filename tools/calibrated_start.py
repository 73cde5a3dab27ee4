"""Tell what eight bits cost before quantization-aware training has moved a weight.

Takes the ranges that `train_qat` begins with, and compares that network with the float one on the test pictures.

Reads:  data/RECIPE/records, models/RECIPE/float, reports/RECIPE/{detections or outputs}
Usage:  PYTHONPATH=src python tools/calibrated_start.py RECIPE
"""

import sys
from pathlib import Path

from octet.common.determinism import make_deterministic
from octet.common.files import read_json
from octet.common.tensorflow import tf
from octet.common.weights import load_weights
from octet.data.reading.calibration import calibration_batches
from octet.data.reading.pictures import picture_batches
from octet.data.reading.records import read_class_names
from octet.measuring.bootstrap import draw_resamples
from octet.measuring.ledger import compute_ledger
from octet.quantization.networks import quantized_networks
from octet.recipe.shared.load import load_recipe
from octet.tasks import registry

_BATCH = 32  # pictures that are scored at once


def main(name: str) -> None:
    recipe, records = load_recipe(name), Path("data", name, "records")
    plan, side, classes = recipe.train_qat, recipe.model.input_size, read_class_names(records)
    make_deterministic(plan.seed)
    network = registry.network(recipe, classes).build()
    load_weights(network, Path("models", name, "float", "weights.h5"), f"train_float@{name}")
    begin = calibration_batches(records, side, plan.batch, plan.calibration_batches)
    quantized = quantized_networks(network, plan, tf.distribute.get_strategy(), begin).averaged

    scoring, predicting = registry.scoring(recipe, classes, records), registry.predicting(recipe, records)
    draws = draw_resamples(scoring.images, recipe.score.bootstrap, recipe.score.seed)
    pictures = picture_batches(records, "test", side, _BATCH).as_numpy_iterator()
    found = predicting.collect(predicting.network_outputs(quantized, pictures))
    before = read_json(Path("reports", name, recipe.outputs_folder, "float.json"), f"evaluate@{name}")
    matched = {"float": scoring.match_predictions(before), "qat": scoring.match_predictions(found)}
    exact = {variant: scoring.exact_metrics(of) for variant, of in matched.items()}
    resampled = {variant: scoring.resampled_metrics(of, draws) for variant, of in matched.items()}
    for step in compute_ledger(recipe.max_drops, exact, resampled, [("float", "qat")]):
        low, high = step.ci95
        score = f"{recipe.metrics[step.metric]} {exact['qat'][step.metric]:.4f}"
        print(f"{score}, from float {step.delta:+.4f} ({low:.4f} to {high:.4f})", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
