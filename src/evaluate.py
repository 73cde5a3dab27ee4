"""Run the Keras models and every TFLite file on the test split, and write their outputs for every picture.

Reads:  data/RECIPE/records, models/RECIPE
Writes: reports/RECIPE/detections/VARIANT.json for a detector, outputs/VARIANT.json for other tasks,
        reports/RECIPE/files.json: the size of each file, its SHA-256 and its operators
Usage:  python src/evaluate.py RECIPE
"""

from pathlib import Path

from octet.common import device
from octet.common.determinism import make_deterministic
from octet.common.files import atomic_folder, require_output, write_json
from octet.common.tensorflow import keras
from octet.common.weights import load_weights
from octet.data.reading.pictures import picture_batches
from octet.data.reading.records import read_class_names
from octet.quantization.qat import quantize
from octet.recipe.shared import stage
from octet.recipe.shared.recipe import Recipe
from octet.tasks import registry
from octet.tflite.running.operators import file_facts
from octet.tflite.running.running import require_runnable
from octet.tflite.running.variants import KERAS, variant_files

_BATCH = 32  # pictures


def main(recipe: Recipe) -> None:
    device.use("cpu")
    models, reports = Path("models", recipe.name), Path("reports", recipe.name)
    records = require_output(Path("data", recipe.name, "records"), f"preprocess@{recipe.name}")
    variants = variant_files(models, recipe.shipped_file)
    for variant, file in variants.items():
        if variant in KERAS:
            require_output(file, f"train_{variant}@{recipe.name}")
        else:
            require_runnable(file, f"convert@{recipe.name}")
    classes = read_class_names(records)
    make_deterministic(seed=0)

    network = registry.network(recipe, classes).build()
    predicting = registry.predicting(recipe, records)

    def load_network(variant: str, weights: Path) -> keras.Model:
        model = quantize(network, recipe.train_qat.float_layers) if variant == "qat" else network
        load_weights(model, weights, f"train_{variant}@{recipe.name}")
        return model

    with atomic_folder(reports / recipe.outputs_folder) as outputs:
        for variant, file in variants.items():
            pictures = picture_batches(records, "test", recipe.model.input_size, _BATCH).as_numpy_iterator()
            if variant in KERAS:
                predictions = predicting.network_outputs(load_network(variant, file), pictures)
            else:
                predictions = predicting.file_outputs(file, pictures)
            write_json(outputs / f"{variant}.json", predicting.collect(predictions), indent=None)
            print(f"{variant}: done", flush=True)
    files = {variant: file for variant, file in variants.items() if variant not in KERAS}
    write_json(reports / "files.json", {variant: file_facts(file.read_bytes()) for variant, file in files.items()})


if __name__ == "__main__":
    stage.run(main, __doc__)
