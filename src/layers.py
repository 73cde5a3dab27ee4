"""Compare the integer files, layer by layer, with the networks that they were converted from.

Reads:  data/RECIPE/records (val pictures), models/RECIPE
Writes: reports/RECIPE/layers.json, the layers that lose most first:
        qat         the file that ships against the same weights in float
        conversion  the file that ships against the fake-quantized network: what the converter changed
        ptq         tflite/int8_ptq.tflite against the float network
Usage:  python src/layers.py RECIPE
"""

from pathlib import Path

from octet.common import device
from octet.common.determinism import make_deterministic
from octet.common.files import require_output, write_json
from octet.common.weights import load_weights
from octet.data.reading.pictures import picture_batches
from octet.data.reading.pixels import normalize
from octet.data.reading.records import read_class_names
from octet.quantization.qat import copy_weights, quantize
from octet.recipe.shared import stage
from octet.recipe.shared.recipe import Recipe
from octet.tasks import registry
from octet.tflite.comparing.layers import keras_reference, layers_table, worst_first
from octet.tflite.running.running import require_runnable

_SHOWN = 3


def main(recipe: Recipe) -> None:
    device.use("cpu")
    models = Path("models", recipe.name)
    records = require_output(Path("data", recipe.name, "records"), f"preprocess@{recipe.name}")
    float_weights = require_output(models / "float" / "weights.h5", f"train_float@{recipe.name}")
    qat_weights = require_output(models / "qat" / "weights.h5", f"train_qat@{recipe.name}")
    uint8 = require_runnable(models / recipe.shipped_file, f"convert@{recipe.name}").read_bytes()
    ptq = require_runnable(models / "tflite" / "int8_ptq.tflite", f"convert@{recipe.name}").read_bytes()
    make_deterministic(seed=0)

    network = registry.network(recipe, read_class_names(records)).build()
    quantized = quantize(network, recipe.train_qat.float_layers)
    load_weights(quantized, qat_weights, f"train_qat@{recipe.name}")
    batches = picture_batches(records, "val", recipe.model.input_size, batch=1).take(recipe.layers.pictures)
    pictures = [normalize(picture).numpy() for picture in batches]

    tables = {"conversion": worst_first(keras_reference(quantized), uint8, pictures)}
    tables["qat"] = worst_first(keras_reference(copy_weights(quantized, network)), uint8, pictures)
    load_weights(network, float_weights, f"train_float@{recipe.name}")
    tables["ptq"] = worst_first(keras_reference(network), ptq, pictures)
    write_json(Path("reports", recipe.name, "layers.json"), tables)
    for name in ("qat", "ptq"):
        print(f"{name}, the {_SHOWN} worst of {len(tables[name])} layers:\n{layers_table(tables[name][:_SHOWN])}\n")


if __name__ == "__main__":
    stage.run(main, __doc__)
