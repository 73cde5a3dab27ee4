"""Convert both detectors to the ladder of TFLite files.

Reads:  models/RECIPE/{float,qat}, data/RECIPE/records (calibration pictures)
Writes: models/RECIPE/detector_uint8.tflite, models/RECIPE/labels.txt,
        models/RECIPE/tflite/{float32,float16,dynamic,int8_ptq,uint8_raw}.tflite and tflite/anchors.npy
Usage:  python src/convert.py RECIPE
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octet import device, stage
from octet.dataset.pipeline import picture_batches
from octet.dataset.pixels import normalize
from octet.dataset.records import read_labels
from octet.detector.anchors import make_anchors
from octet.detector.model import build_detector
from octet.files import require, whole_file, whole_folder
from octet.quantization.conversion import to_dynamic, to_float, to_float16, to_integer
from octet.quantization.export import finish, trace_detector, trace_heads
from octet.quantization.metadata import About, describe
from octet.quantization.qat import quantize
from octet.recipe import Recipe
from octet.tensorflow import tf
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
    quantized = quantize(model, recipe.train_qat.float_layers)
    model.load_weights(float_weights)
    quantized.load_weights(qat_weights)
    anchors = make_anchors(recipe.model)
    pictures = picture_batches(records, "train", recipe.model.input_size, batch=1).take(plan.calibration_pictures)
    about = About(**plan.about.model_dump(), recipe=recipe.name, recipe_sha256=recipe.model_sha256, labels=classes)

    def calibration() -> Iterator[list[NDArray[np.float32]]]:
        return ([picture] for picture in pictures.map(normalize).as_numpy_iterator())

    def write(path: Path, content: bytes) -> None:
        with whole_file(path) as file:
            file.write_bytes(describe(content, about))
        print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB", flush=True)

    detector = trace_detector(model, anchors, plan.suppression)
    with whole_folder(models / "tflite") as ladder:
        write(ladder / "float32.tflite", finish(to_float(detector)))
        write(ladder / "float16.tflite", finish(to_float16(detector)))
        write(ladder / "dynamic.tflite", finish(to_dynamic(detector)))
        write(ladder / "int8_ptq.tflite", finish(to_integer(detector, calibration)))
        write(ladder / "uint8_raw.tflite", to_integer(trace_heads(quantized), gives=tf.uint8))
        np.save(ladder / "anchors.npy", anchors)
    shipped = to_integer(trace_detector(quantized, anchors, plan.suppression))
    write(models / "detector_uint8.tflite", finish(shipped))
    with whole_file(models / "labels.txt") as labels:
        labels.write_text("".join(f"{name}\n" for name in classes))


if __name__ == "__main__":
    stage.run(main, __doc__)
