"""The models that are scored: three Keras ones, and every file of the ladder."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octet.detector.anchors import make_anchors
from octet.detector.model import build_detector
from octet.detector.suppression import detect
from octet.evaluation.detections import Found
from octet.evaluation.keras_model import run_keras
from octet.evaluation.tflite import run_tflite
from octet.quantization.qat import quantize
from octet.recipe import Recipe

Pictures = Iterable[NDArray[np.uint8]]


def variant_files(models: Path) -> dict[str, Path]:
    """The file of each variant, in the order in which they are told of."""
    ladder = models / "tflite"
    return {
        "float": models / "float" / "weights.h5",
        "control": models / "control" / "weights.h5",
        "qat": models / "qat" / "weights.h5",
        **{name: ladder / f"{name}.tflite" for name in ("float32", "float16", "dynamic", "int8_ptq")},
        "uint8": models / "detector_uint8.tflite",
        "uint8_raw": ladder / "uint8_raw.tflite",
    }


def run_variant(variant: str, file: Path, pictures: Pictures, recipe: Recipe, classes: int) -> Iterator[Found]:
    """What a variant finds in each batch of pictures."""
    if file.suffix == ".h5":
        return _run_weights(file, pictures, recipe, classes, quantized=variant == "qat")
    if variant == "uint8_raw":
        return _run_heads(file, pictures, recipe)
    return run_tflite(file, pictures)  # type: ignore[return-value]  # the op's four outputs are a Found


def _run_weights(weights: Path, pictures: Pictures, recipe: Recipe, classes: int, quantized: bool) -> Iterator[Found]:
    model = build_detector(recipe.model, classes)
    if quantized:
        model = quantize(model, recipe.train_qat.float_layers)
    model.load_weights(weights)
    return run_keras(model, pictures, make_anchors(recipe.model), recipe.convert.suppression)


def _run_heads(file: Path, pictures: Pictures, recipe: Recipe) -> Iterator[Found]:
    """A file that ends in heads: what the op does inside the others happens here."""
    anchors = np.load(file.with_name("anchors.npy"))
    for codes, scores in run_tflite(file, pictures):
        yield tuple(tensor.numpy() for tensor in detect(codes, scores, anchors, recipe.convert.suppression))  # type: ignore[misc]
