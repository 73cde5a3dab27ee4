"""Convert the float and the fake-quantized network to TFLite files.

Reads:  models/RECIPE/{float,qat}, data/RECIPE/records (calibration pictures)
Writes: the file that ships, models/RECIPE/*_uint8.tflite, with models/RECIPE/labels.txt, and the ladder beside it,
        models/RECIPE/tflite/{float32,float16,dynamic,int8_ptq,uint8_raw}.tflite and the arrays for uint8_raw
Usage:  python src/convert.py RECIPE
"""

from functools import partial
from pathlib import Path

import numpy as np

from octet.common import device
from octet.common.determinism import make_deterministic
from octet.common.files import atomic_folder, atomic_write, require_output
from octet.common.tensorflow import tf
from octet.common.weights import load_weights
from octet.data.reading.calibration import calibration_pictures
from octet.data.reading.records import read_class_names
from octet.quantization.bias_correction import with_corrected_biases
from octet.quantization.qat import quantize
from octet.recipe.shared import stage
from octet.recipe.shared.recipe import Recipe
from octet.tasks import registry
from octet.tflite.files.appending import append_operators
from octet.tflite.files.conversion import to_dynamic, to_float, to_float16, to_integer
from octet.tflite.files.metadata import FileDescription, OutputsMetadata, add_metadata


def main(recipe: Recipe) -> None:
    device.use("cpu")
    models = Path("models", recipe.name)
    records = require_output(Path("data", recipe.name, "records"), f"preprocess@{recipe.name}")
    float_weights = require_output(models / "float" / "weights.h5", f"train_float@{recipe.name}")
    qat_weights = require_output(models / "qat" / "weights.h5", f"train_qat@{recipe.name}")
    plan, classes = recipe.convert, read_class_names(records)
    make_deterministic(seed=0)

    network = registry.network(recipe, classes).build()
    quantized = quantize(network, recipe.train_qat.float_layers)
    load_weights(network, float_weights, f"train_float@{recipe.name}")
    load_weights(quantized, qat_weights, f"train_qat@{recipe.name}")
    shipping = registry.shipping(recipe, classes)
    description = FileDescription(
        **plan.about.model_dump(),
        recipe=recipe.name,
        recipe_sha256=recipe.model_sha256,
        labels=classes,
        summary=shipping.description,
    )

    pictures = partial(calibration_pictures, records, recipe.model.input_size, plan.calibration_pictures)

    def write(path: Path, content: bytes, outputs: OutputsMetadata) -> None:
        with atomic_write(path) as file:
            file.write_bytes(add_metadata(content, description, outputs))
        print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB", flush=True)

    def ship(path: Path, content: bytes) -> None:
        write(path, append_operators(content, shipping.appended_operators), shipping.outputs)

    traced = shipping.trace_shipped(network)
    with atomic_folder(models / "tflite") as ladder:
        ship(ladder / "float32.tflite", to_float(traced))
        ship(ladder / "float16.tflite", to_float16(traced))
        ship(ladder / "dynamic.tflite", to_dynamic(traced))
        corrected = shipping.trace_shipped(with_corrected_biases(network, pictures()))
        ship(ladder / "int8_ptq.tflite", to_integer(corrected, lambda: ([picture] for picture in pictures())))
        raw = to_integer(shipping.trace_raw(quantized), output_type=tf.uint8)
        write(ladder / "uint8_raw.tflite", raw, shipping.raw_outputs)
        for name, array in shipping.raw_arrays.items():
            np.save(ladder / f"{name}.npy", array)
    ship(models / recipe.shipped_file, to_integer(shipping.trace_shipped(quantized)))
    with atomic_write(models / "labels.txt") as labels:
        labels.write_text("".join(f"{name}\n" for name in classes), "utf-8")


if __name__ == "__main__":
    stage.run(main, __doc__)
