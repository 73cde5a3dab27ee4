"""Compare the integer files with the networks that they were made of, layer by layer.

Reads:  data/RECIPE/records (val pictures), models/RECIPE
Writes: reports/RECIPE/layers.json, the layers that lose most first:
        qat         detector_uint8.tflite against the same weights in float
        conversion  detector_uint8.tflite against the fake-quantized network: what the converter changed
        ptq         tflite/int8_ptq.tflite against the float network
Usage:  python src/layers.py RECIPE
"""

from pathlib import Path

from octet import device, stage
from octet.dataset.pipeline import picture_batches
from octet.dataset.pixels import normalize
from octet.dataset.records import read_labels
from octet.detector.model import build_detector
from octet.files import require, write_json
from octet.quantization.layers import keras_reference, text_table, worst_first
from octet.quantization.qat import quantize, without_rounding
from octet.recipe import Recipe
from octet.training.determinism import make_deterministic

_SHOWN = 10


def main(recipe: Recipe) -> None:
    device.use("cpu")
    models = Path("models", recipe.name)
    records = require(Path("data", recipe.name, "records"), f"preprocess@{recipe.name}")
    float_weights = require(models / "float" / "weights.h5", f"train_float@{recipe.name}")
    qat_weights = require(models / "qat" / "weights.h5", f"train_qat@{recipe.name}")
    uint8 = require(models / "detector_uint8.tflite", f"convert@{recipe.name}").read_bytes()
    ptq = require(models / "tflite" / "int8_ptq.tflite", f"convert@{recipe.name}").read_bytes()
    make_deterministic(seed=0)

    model = build_detector(recipe.model, len(read_labels(records)))
    quantized = quantize(model, recipe.train_qat.float_layers)
    quantized.load_weights(qat_weights)
    batches = picture_batches(records, "val", recipe.model.input_size, batch=1).take(recipe.layers.pictures)
    pictures = [normalize(picture).numpy() for picture in batches]

    tables = {"conversion": worst_first(keras_reference(quantized), uint8, pictures)}
    tables["qat"] = worst_first(keras_reference(without_rounding(quantized, model)), uint8, pictures)
    model.load_weights(float_weights)
    tables["ptq"] = worst_first(keras_reference(model), ptq, pictures)
    write_json(Path("reports", recipe.name, "layers.json"), tables)
    for name in ("qat", "ptq"):
        print(f"{name}, the {_SHOWN} worst of {len(tables[name])} layers:\n{text_table(tables[name][:_SHOWN])}\n")


if __name__ == "__main__":
    stage.run(main, __doc__)
