"""Convert both detectors to the ladder of TFLite files.

Reads:  models/RECIPE/{float,qat}, data/RECIPE/records (calibration pictures)
Writes: models/RECIPE/detector_uint8.tflite, models/RECIPE/labels.txt,
        models/RECIPE/tflite/{float32,float16,dynamic,int8_ptq,uint8_raw}.tflite and tflite/anchors.npy
Usage:  python src/convert.py RECIPE
"""

from pathlib import Path

import numpy as np

from octet import device, stage
from octet.dataset.pipeline import picture_batches
from octet.dataset.pixels import normalize
from octet.dataset.records import read_labels
from octet.detector.anchors import make_anchors
from octet.detector.model import build_detector
from octet.files import require, whole_file, whole_folder
from octet.quantization import export
from octet.quantization.qat import quantize
from octet.recipe import Recipe
from octet.training.determinism import make_deterministic


def main(recipe: Recipe) -> None:
    device.use("cpu")
    models = Path("models", recipe.name)
    records = require(Path("data", recipe.name, "records"), f"preprocess@{recipe.name}")
    float_weights = require(models / "float" / "weights.h5", f"train_float@{recipe.name}")
    qat_weights = require(models / "qat" / "weights.h5", f"train_qat@{recipe.name}")
    plan, classes = recipe.convert, read_labels(records)
    make_deterministic(seed=0)

    model = build_detector(recipe.model, len(classes))
    quantized = quantize(model)
    model.load_weights(float_weights)
    quantized.load_weights(qat_weights)
    anchors = make_anchors(recipe.model)
    pictures = picture_batches(records, "train", recipe.model.input_size, batch=1).take(plan.calibration_pictures)

    detector = export.trace_detector(model, anchors, plan.suppression)
    with whole_folder(models / "tflite") as ladder:
        write(ladder / "float32.tflite", export.to_float(detector, model))
        write(ladder / "float16.tflite", export.to_float16(detector, model))
        write(ladder / "dynamic.tflite", export.to_dynamic(detector, model))
        write(ladder / "int8_ptq.tflite", export.to_int8(detector, model, pictures.map(normalize).as_numpy_iterator()))
        write(ladder / "uint8_raw.tflite", export.to_uint8_raw(export.trace_heads(quantized), quantized))
        np.save(ladder / "anchors.npy", anchors)
    shipped = export.to_uint8(export.trace_detector(quantized, anchors, plan.suppression), quantized)
    write(models / "detector_uint8.tflite", shipped)
    with whole_file(models / "labels.txt") as labels:
        labels.write_text("".join(f"{name}\n" for name in classes))


def write(path: Path, content: bytes) -> None:
    with whole_file(path) as file:
        file.write_bytes(content)
    print(f"{path.name}: {len(content) / 1e6:.2f} MB", flush=True)


if __name__ == "__main__":
    stage.run(main, __doc__)
