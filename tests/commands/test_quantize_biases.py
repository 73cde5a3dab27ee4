"""What octet quantize makes has layers with the means of the float model's, which TFLite's converter moves."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras as keras_3
import numpy as np
import pytest
from numpy.typing import NDArray

from helpers.quantizing import quantize
from octet.commands.shrinking.bias_correction import with_corrected_biases
from octet.commands.shrinking.loaded_model import LoadedModel, load_model
from octet.commands.shrinking.running import FloatRunner
from octet.common.tensorflow import keras, tf
from octet.tflite.files.conversion import to_integer

SIDE, SAMPLES = 16, 64
INPUTS = np.random.default_rng(0).uniform(0, 1, (SAMPLES, SIDE, SIDE, 3)).astype(np.float32)


def build(library: Any, seed: int = 1) -> Any:
    """A classifier with every kind of layer that is corrected, at edges, with strides and with gaps."""
    layers = library.layers
    library.utils.set_random_seed(seed)
    model = library.Sequential(
        [
            layers.Input((SIDE, SIDE, 3), name="pictures"),
            layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False, name="first"),
            layers.BatchNormalization(),
            layers.ReLU(6.0),
            layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same", activation="relu", name="depthwise"),
            layers.Conv2D(24, 3, dilation_rate=2, activation="relu", name="dilated"),
            layers.DepthwiseConv2D(3, dilation_rate=2, padding="same", activation="relu", name="wide"),
            layers.Flatten(),
            layers.Dense(12, activation="relu", name="dense"),
            layers.Dense(5, name="scores"),
        ]
    )
    random = np.random.default_rng(seed)
    for layer in model.layers:  # input channels differ by orders of magnitude, as in trained networks
        if layer.name in ("first", "depthwise", "dilated", "wide", "dense", "scores"):
            kernel, *biases = layer.get_weights()
            spread = np.exp(random.normal(0, 1.5, (*kernel.shape[:-1], 1)))
            layer.set_weights([kernel * spread, *(random.normal(0, 0.1, bias.shape) for bias in biases)])
    return model


def saved_by_keras_2(folder: Path) -> Path:
    build(keras).save(folder / "model.h5")
    return folder / "model.h5"


def saved_by_keras_3(folder: Path) -> Path:
    build(keras_3).save(folder / "model.keras")
    return folder / "model.keras"


def saved_as_a_graph(folder: Path) -> Path:
    build(keras).export(folder / "model")
    return folder / "model"


def converted(model: LoadedModel, dtype: tf.DType, wide: bool = False) -> bytes:
    """What TFLite's converter makes."""
    (spec,) = model.inputs
    samples = [{spec.name: picture[None]} for picture in INPUTS]
    return to_integer(model.traced, lambda: samples, dtype, dtype, wide)


def mean_outputs(content: bytes, name: str) -> NDArray[Any]:
    run = FloatRunner(content)
    means: NDArray[Any] = np.mean([run({name: picture[None]})[0][0] for picture in INPUTS], axis=0)
    return means


@pytest.mark.parametrize(
    ("save", "scheme"),
    [
        (saved_by_keras_2, "int8"),
        (saved_by_keras_2, "int16x8"),
        (saved_by_keras_3, "int8"),
        (saved_by_keras_3, "uint8"),
        (saved_as_a_graph, "int8"),
    ],
)
def test_the_means_are_those_of_the_float_model(save: Callable[[Path], Path], scheme: str, tmp_path: Path) -> None:
    file, out = save(tmp_path), tmp_path / "out.tflite"
    np.savez(tmp_path / "samples.npz", INPUTS)
    result = quantize(file, "--scheme", scheme, "--calibration", tmp_path / "samples.npz", "--out", out)
    assert result.returncode == 0, result.stderr
    model = load_model(file)
    name = model.inputs[0].name
    plain = converted(model, {"int8": tf.int8, "uint8": tf.uint8, "int16x8": tf.float32}[scheme], scheme == "int16x8")
    float_means = mean_outputs(model.float_file, name)
    before, after = (np.abs(mean_outputs(of, name) - float_means).mean() for of in (plain, out.read_bytes()))
    assert after < before / 3


def test_another_models_file_corrects_nothing(tmp_path: Path) -> None:
    """Its layers have the same names and other kernels."""
    models = []
    for seed in (1, 2):
        build(keras, seed).save(tmp_path / f"{seed}.h5")
        models.append(load_model(tmp_path / f"{seed}.h5"))
    content, name = converted(models[0], tf.int8), models[0].inputs[0].name
    own, other = (with_corrected_biases(content, of.float_file, [{name: INPUTS[:1]}]) for of in models)
    np.testing.assert_array_equal(mean_outputs(other, name), mean_outputs(content, name))
    assert (mean_outputs(own, name) != mean_outputs(content, name)).any()
