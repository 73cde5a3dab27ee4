"""Models of all kinds, with random weights, through the command that shrinks any."""

import io
import re
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch

import keras as keras_3
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from conftest import ROOT, tiny_params
from octet.commands import quantize as command
from octet.common.tensorflow import keras, tf
from octet.recipe.detection import Model
from octet.tasks.detection.network.model import build_detector


def quantize(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command in this process, which has imported TensorFlow already."""
    out, err, words = io.StringIO(), io.StringIO(), ["octet quantize", *map(str, arguments)]
    code: object = 0
    with patch.object(sys, "argv", words), redirect_stdout(out), redirect_stderr(err):
        try:
            command.run()
        except SystemExit as end:
            code = end.code
    if isinstance(code, str):  # which Python prints as it ends
        return subprocess.CompletedProcess(words, 1, out.getvalue(), err.getvalue() + code)
    return subprocess.CompletedProcess(words, int(code or 0), out.getvalue(), err.getvalue())  # type: ignore[call-overload]


def quantize_alone(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command as users do."""
    words = [sys.executable, "src/octet", "quantize", *map(str, arguments)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)


def samples(file: Path, *shape: int, count: int = 100, low: float = -1, high: float = 1) -> Path:
    """Noise to calibrate with."""
    values = np.random.default_rng(0).uniform(low, high, (count, *shape)).astype(np.float32)
    np.savez(file, values)
    return file


def dtypes(file: Path) -> list[type]:
    """Of what goes in and what comes out."""
    interpreter = Interpreter(model_path=str(file))
    return [of["dtype"] for of in (*interpreter.get_input_details(), *interpreter.get_output_details())]


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A MobileNetV2 of today's Keras."""
    file = tmp_path_factory.mktemp("classifier") / "mobilenet.keras"
    keras_3.utils.set_random_seed(1)
    model = keras_3.applications.MobileNetV2((64, 64, 3), 0.35, weights=None, classes=10)
    for layer in model.layers:
        layer.momentum = 0.0  # without statistics of its own a deep network's values fade to nothing
    model(np.random.default_rng(1).uniform(-1, 1, (64, 64, 64, 3)).astype(np.float32), training=True)
    model.save(file)
    return file


@pytest.fixture(scope="module")
def residual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ResNet as a SavedModel."""
    folder = tmp_path_factory.mktemp("residual") / "resnet"
    keras.utils.set_random_seed(1)
    keras.applications.ResNet50(input_shape=(64, 64, 3), weights=None, classes=10).export(folder)
    return folder


@pytest.fixture(scope="module")
def text_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An LSTM over words, of any number."""
    file = tmp_path_factory.mktemp("text") / "lstm.h5"
    keras.utils.set_random_seed(1)
    layers = [keras.layers.Embedding(50, 16), keras.layers.LSTM(16), keras.layers.Dense(3, "softmax")]
    keras.Sequential([keras.Input((None,), dtype="int32"), *layers]).save(file)
    return file


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector of 320 px."""
    file = tmp_path_factory.mktemp("detector") / "detector.h5"
    keras.utils.set_random_seed(1)
    shape = {**tiny_params()["quickstart"]["model"], "input_size": 320}
    model = build_detector(Model.model_validate(shape), classes=3)
    for _ in range(4):  # without statistics of its own a deep network's values fade to nothing
        model(tf.random.stateless_uniform((1, 320, 320, 3), (1, 1), -1, 1), training=True)
    model.save(file)
    return file


def test_a_classifier_in_int8(classifier: Path, tmp_path: Path) -> None:
    calibration = samples(tmp_path / "samples.npz", 64, 64, 3)
    out = tmp_path / "small.tflite"
    result = quantize_alone(classifier, "--scheme", "int8", "--calibration", calibration, "--out", out, "--compare")
    assert (result.returncode, result.stderr) == (0, "")
    assert dtypes(out) == [np.int8, np.int8]
    assert "careful" not in result.stdout
    agreement = re.search(r"agreement +([\d.]+)% of 100 samples", result.stdout)
    errors = re.search(r"errors +mean ([\d.e-]+), .* span ([\d.e-]+)", result.stdout)
    assert agreement and errors
    assert float(errors[1]) < 0.1 * float(errors[2])
    assert re.search(r"latency .* ms .*median of 100", result.stdout)
    assert re.search(r"size .* \(0\.[234]\d\)", result.stdout)
    assert "SQNR" in result.stdout and "Conv1_relu" in result.stdout


def test_a_saved_model_in_uint8_from_a_folder_of_pictures(residual: Path, tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    random = np.random.default_rng(0)
    for index in range(8):
        noise = random.integers(0, 256, (80, 100, 3), np.uint8)
        (pictures / f"{index}.png").write_bytes(tf.io.encode_png(noise).numpy())
    result = quantize(residual, "--scheme", "uint8", "--calibration", pictures, "--pixels", "unit")
    assert (result.returncode, result.stderr) == (0, "")
    assert dtypes(residual.with_name("resnet_uint8.tflite")) == [np.uint8, np.uint8]
    assert "careful: 8 samples are few" in result.stdout


def test_a_text_model_with_its_weights_in_8_bits(text_model: Path) -> None:
    unclear = quantize(text_model, "--scheme", "dynamic")
    assert unclear.returncode == 1
    assert "--shape" in unclear.stderr and "Traceback" not in unclear.stderr
    result = quantize(text_model, "--scheme", "dynamic", "--shape", "1,12", "--compare")
    assert (result.returncode, result.stderr) == (0, "")
    assert dtypes(text_model.with_name("lstm_dynamic.tflite")) == [np.int32, np.float32]
    assert "16 random samples" in result.stdout
    assert re.search(r"the layers that lose most:\n.*SQNR dB.*\n.+", result.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["float16", "int16x8"])
def test_a_detector_with_two_outputs(detector: Path, tmp_path: Path, scheme: str) -> None:
    calibration = samples(tmp_path / "samples.npz", 320, 320, 3, count=2)
    more = ["--calibration", calibration] if scheme == "int16x8" else []
    result = quantize(detector, "--scheme", scheme, *more, "--compare")
    assert (result.returncode, result.stderr) == (0, "")
    assert dtypes(detector.with_name(f"detector_{scheme}.tflite")) == [np.float32] * 3
    assert "agreement" not in result.stdout  # two outputs, so no classifier
    assert re.search(r"errors +mean \S+, max", result.stdout)
    assert re.search(r"the layers that lose most:\n.*SQNR dB.*\n.+", result.stdout)


def test_a_file_that_cannot_run_is_not_written(tmp_path: Path) -> None:
    """Values of a deep network without statistics of its own fade to nothing, and 16 bits overflow."""
    keras.utils.set_random_seed(1)
    shape = Model.model_validate(tiny_params()["quickstart"]["model"])
    build_detector(shape, classes=3).save(tmp_path / "faded.h5")
    calibration = samples(tmp_path / "samples.npz", 64, 64, 3, count=2)
    result = quantize(tmp_path / "faded.h5", "--scheme", "int16x8", "--calibration", calibration)
    assert result.returncode == 1
    assert "LiteRT refuses" in result.stderr and "Traceback" not in result.stderr
    assert not list(tmp_path.glob("*.tflite"))


@pytest.mark.parametrize("kind", ["keras", "keras 3", "nested", "saved"])
def test_samples_that_are_scaled_otherwise_than_in_training_are_noticed(kind: str, tmp_path: Path) -> None:
    of: Any = keras_3 if kind == "keras 3" else keras
    of.utils.set_random_seed(1)
    layers = [of.layers.Conv2D(4, 3), of.layers.BatchNormalization(momentum=0.5), of.layers.Flatten()]
    backbone = of.Sequential([of.Input((16, 16, 3)), *layers])
    inside = [backbone] if kind == "nested" else backbone.layers
    model = of.Sequential([of.Input((16, 16, 3)), *inside, of.layers.Dense(2)])
    for _ in range(20):
        model(np.random.default_rng(0).uniform(0, 1, (32, 16, 16, 3)), training=True)
    path = tmp_path / ("model" if kind == "saved" else "model.h5")
    (model.export if kind == "saved" else model.save)(path)

    def told(high: float) -> str:
        calibration = samples(tmp_path / "samples.npz", 16, 16, 3, low=0, high=high)
        result = quantize(path, "--scheme", "int8", "--calibration", calibration)
        assert result.returncode == 0, result.stderr
        return result.stdout

    assert "careful" not in told(1)
    assert "times the variance that it was trained on" in told(255)


def test_inputs_of_several_kinds_keep_their_ranges(tmp_path: Path) -> None:
    """Ranges go to the input that they are of, whatever its name, and whatever order the converter puts them in."""
    keras.utils.set_random_seed(1)
    wide, narrow = keras.Input((4,), name="a-wide"), keras.Input((4,), name="z narrow")
    joined = keras.layers.Concatenate()([keras.layers.Dense(2)(narrow), keras.layers.Dense(2)(wide)])
    keras.Model([narrow, wide], keras.layers.Dense(3)(joined)).save(tmp_path / "two.h5")
    random = np.random.default_rng(0)
    values: dict[str, Any] = {
        "a-wide": random.uniform(-100, 100, (100, 4)),
        "z narrow": random.uniform(-1, 1, (100, 4)),
    }
    np.savez(tmp_path / "samples.npz", **values)
    out = tmp_path / "two.tflite"
    given = ("--calibration", tmp_path / "samples.npz", "--out", out, "--compare")
    result = quantize(tmp_path / "two.h5", "--scheme", "int8", *given)
    assert (result.returncode, result.stderr) == (0, "")
    takes = Interpreter(model_path=str(out)).get_input_details()
    steps = {of["name"]: of["quantization"][0] for of in takes}
    (of_wide,) = (step for name, step in steps.items() if "a_wide" in name)
    (of_narrow,) = (step for name, step in steps.items() if "z_narrow" in name)
    assert of_wide == pytest.approx(200 / 255, rel=0.05)
    assert of_narrow == pytest.approx(2 / 255, rel=0.05)


@pytest.mark.slow
def test_a_saved_model_is_compared_layer_by_layer(residual: Path, tmp_path: Path) -> None:
    calibration = samples(tmp_path / "samples.npz", 64, 64, 3, count=4)
    out = tmp_path / "small.tflite"
    result = quantize(residual, "--scheme", "int8", "--calibration", calibration, "--out", out, "--compare")
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout[result.stdout.index("SQNR") :].splitlines()[1:]
    assert len({line.split()[0] for line in lines}) == len(lines) == 10


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--scheme", "int8"], "reads ranges from samples", id="no samples"),
        pytest.param(
            ["--scheme", "int8", "--calibration", "nothing.npz"], "nothing.npz: no folder", id="no such samples"
        ),
        pytest.param(["--scheme", "int8", "--calibration", "{wrong}"], "expected [N, 64, 64, 3]", id="wrong shape"),
        pytest.param(["--scheme", "uint8", "--calibration", "docs"], "--pixels raw (0..255)", id="which scale"),
        pytest.param(["--scheme", "int8", "--calibration", "{broken}"], "is no .npz of numbers", id="broken samples"),
        pytest.param(["--scheme", "int8", "--calibration", "{nan}"], "not all numbers", id="no numbers"),
        pytest.param(["--scheme", "float16", "--shape", "1,32,32,3"], "--shape 1,32,32,3 does not fit", id="no choice"),
        pytest.param(["--scheme", "float16", "--shape", "8,64,64,3"], "begins with a 1", id="many at once"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_line(
    classifier: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    wrong, nan, broken = (tmp_path / f"{name}.npz" for name in ("wrong", "nan", "broken"))
    samples(wrong, 32, 32, 3, count=2)
    np.savez(nan, np.full((2, 64, 64, 3), np.nan))
    broken.write_bytes(wrong.read_bytes()[:1000])
    result = quantize(classifier, *(of.format(wrong=wrong, nan=nan, broken=broken) for of in arguments))
    assert result.returncode == 1
    assert said in result.stderr and "Traceback" not in result.stderr
    assert not list(classifier.parent.glob("*.tflite"))


def test_what_is_no_model_is_refused_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "model.h5").write_bytes(b"no model")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "saved_model.pb").write_bytes(b"no model")
    for model in (tmp_path / "model.h5", tmp_path / "missing.keras", tmp_path, tmp_path / "damaged"):
        result = quantize(model, "--scheme", "float16")
        assert result.returncode == 1
        assert str(model) in result.stderr and "Traceback" not in result.stderr


def test_the_schemes_are_explained() -> None:
    result = quantize("--help-schemes")
    assert result.returncode == 0
    for words in ("weights only", "full integer", "half precision", "needs --calibration"):
        assert words in result.stdout
