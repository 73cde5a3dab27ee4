"""Compare the integer files with the networks that they were made of, layer by layer.

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
from octet.common.files import require, write_json
from octet.data.reading.pictures import picture_batches
from octet.data.reading.pixels import normalize
from octet.data.reading.records import read_labels
from octet.quantization.qat import quantize, without_rounding
from octet.recipe.shared import stage
from octet.recipe.shared.recipe import Recipe
from octet.tasks import registry
from octet.tflite.comparing.layers import keras_reference, layers_table, worst_first

_SHOWN = 10


def main(recipe: Recipe) -> None:
    device.use("cpu")
    models = Path("models", recipe.name)
    records = require(Path("data", recipe.name, "records"), f"preprocess@{recipe.name}")
    float_weights = require(models / "float" / "weights.h5", f"train_float@{recipe.name}")
    qat_weights = require(models / "qat" / "weights.h5", f"train_qat@{recipe.name}")
    uint8 = require(models / recipe.shipped_file, f"convert@{recipe.name}").read_bytes()
    ptq = require(models / "tflite" / "int8_ptq.tflite", f"convert@{recipe.name}").read_bytes()
    make_deterministic(seed=0)

    network = registry.network(recipe, read_labels(records)).build()
    quantized = quantize(network, recipe.train_qat.float_layers)
    quantized.load_weights(qat_weights)
    batches = picture_batches(records, "val", recipe.model.input_size, batch=1).take(recipe.layers.pictures)
    pictures = [normalize(picture).numpy() for picture in batches]

    tables = {"conversion": worst_first(keras_reference(quantized), uint8, pictures)}
    tables["qat"] = worst_first(keras_reference(without_rounding(quantized, network)), uint8, pictures)
    network.load_weights(float_weights)
    tables["ptq"] = worst_first(keras_reference(network), ptq, pictures)
    write_json(Path("reports", recipe.name, "layers.json"), tables)
    for name in ("qat", "ptq"):
        print(f"{name}, the {_SHOWN} worst of {len(tables[name])} layers:\n{layers_table(tables[name][:_SHOWN])}\n")


if __name__ == "__main__":
    stage.run(main, __doc__)
