"""Models of all kinds, with random weights, through the command that quantizes any."""

import os
import re
import shlex
import signal
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import keras as keras_3
import numpy as np
import psutil
import pytest
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

from conftest import ROOT, tiny_params
from helpers.making import encoded
from helpers.quantizing import quantize, quantize_alone, quantize_command, write_samples
from octet.commands.shrinking.conversion_process import convert_checked
from octet.commands.shrinking.float_comparison import describe_agreement
from octet.commands.shrinking.options import Options, default_output
from octet.commands.shrinking.samples import read_samples
from octet.common.errors import UserError
from octet.common.tensorflow import keras, tf
from octet.recipe.detection import Model
from octet.tasks.detection.network.model import build_detector


def dtypes(file: Path) -> list[type]:
    """The types of a file's inputs and outputs."""
    interpreter = Interpreter(model_path=str(file))
    return [tensor["dtype"] for tensor in (*interpreter.get_input_details(), *interpreter.get_output_details())]


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A MobileNetV2 of Keras 3."""
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
    calibration = write_samples(tmp_path / "samples.npz", 64, 64, 3)
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
    assert dtypes(text_model.with_name("lstm.h5_dynamic.tflite")) == [np.int32, np.float32]
    assert "16 random samples" in result.stdout
    assert re.search(r"the layers that lose most:\n.*SQNR dB.*\n.+", result.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["float16", "int16x8"])
def test_a_detector_with_two_outputs(detector: Path, tmp_path: Path, scheme: str) -> None:
    calibration = write_samples(tmp_path / "samples.npz", 320, 320, 3, count=2)
    more = ["--calibration", calibration] if scheme == "int16x8" else []
    result = quantize(detector, "--scheme", scheme, *more, "--compare")
    assert (result.returncode, result.stderr) == (0, "")
    assert dtypes(detector.with_name(f"detector.h5_{scheme}.tflite")) == [np.float32] * 3
    assert "agreement" not in result.stdout  # two outputs, so no classifier
    assert re.search(r"errors +mean \S+, max", result.stdout)
    assert re.search(r"the layers that lose most:\n.*SQNR dB.*\n.+", result.stdout)


def test_a_file_that_cannot_run_is_not_written(tmp_path: Path) -> None:
    """Values of a deep network without statistics of its own fade to nothing, and 16 bits overflow."""
    keras.utils.set_random_seed(1)
    shape = Model.model_validate(tiny_params()["quickstart"]["model"])
    build_detector(shape, classes=3).save(tmp_path / "faded.h5")
    calibration = write_samples(tmp_path / "samples.npz", 64, 64, 3, count=2)
    result = quantize(tmp_path / "faded.h5", "--scheme", "int16x8", "--calibration", calibration)
    assert result.returncode == 1
    assert "LiteRT cannot run" in result.stderr and "Traceback" not in result.stderr
    assert not list(tmp_path.glob("*.tflite"))


@pytest.mark.parametrize("kind", ["keras", "keras 3", "nested", "saved"])
def test_samples_that_are_scaled_otherwise_than_in_training_are_noticed(kind: str, tmp_path: Path) -> None:
    library: Any = keras_3 if kind == "keras 3" else keras
    library.utils.set_random_seed(1)
    norm = library.layers.BatchNormalization(momentum=0.5)
    layers = [library.layers.Conv2D(4, 3), norm, library.layers.Flatten()]
    backbone = library.Sequential([library.Input((16, 16, 3)), *layers])
    inside = [backbone] if kind == "nested" else backbone.layers
    model = library.Sequential([library.Input((16, 16, 3)), *inside, library.layers.Dense(2)])
    for _ in range(20):
        model(np.random.default_rng(0).uniform(0, 1, (32, 16, 16, 3)), training=True)
    path = tmp_path / ("model" if kind == "saved" else "model.h5")
    (model.export if kind == "saved" else model.save)(path)

    def output(high: float) -> str:
        calibration = write_samples(tmp_path / "samples.npz", 16, 16, 3, low=0, high=high)
        result = quantize(path, "--scheme", "int8", "--calibration", calibration)
        assert result.returncode == 0, result.stderr
        return result.stdout

    assert "careful" not in output(1)
    assert "times the variance that it was trained on" in output(255)


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
    inputs = Interpreter(model_path=str(out)).get_input_details()
    scales = {tensor["name"]: tensor["quantization"][0] for tensor in inputs}
    (wide_scale,) = (scale for name, scale in scales.items() if "a_wide" in name)
    (narrow_scale,) = (scale for name, scale in scales.items() if "z_narrow" in name)
    assert wide_scale == pytest.approx(200 / 255, rel=0.05)
    assert narrow_scale == pytest.approx(2 / 255, rel=0.05)


@pytest.mark.slow
def test_a_saved_model_is_compared_layer_by_layer(residual: Path, tmp_path: Path) -> None:
    calibration = write_samples(tmp_path / "samples.npz", 64, 64, 3, count=4)
    out = tmp_path / "small.tflite"
    result = quantize(residual, "--scheme", "int8", "--calibration", calibration, "--out", out, "--compare")
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout[result.stdout.index("SQNR") :].splitlines()[1:]
    assert len({line.split()[0] for line in lines}) == len(lines) == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--scheme", "int8", "--calibration", "{wrong}"], "expected [N, 64, 64, 3]", id="wrong shape"),
        pytest.param(["--scheme", "int8", "--calibration", "{broken}"], "as an .npz of numbers", id="broken samples"),
        pytest.param(["--scheme", "int8", "--calibration", "{nan}"], "not finite numbers", id="no numbers"),
        pytest.param(["--scheme", "int8", "--calibration", "{packed}"], "as an .npz of numbers", id="damaged samples"),
        pytest.param(["--scheme", "int8", "--calibration", "{other}"], "is no array", id="no array"),
        pytest.param(
            ["--scheme", "int8", "--calibration", "{pipes}", "--pixels", "unit"],
            "picture.jpg: is a folder, a pipe or a device",
            id="a pipe",
        ),
        pytest.param(
            ["--scheme", "int8", "--calibration", "{empty}", "--pixels", "unit"], "holds no pictures", id="no pictures"
        ),
        pytest.param(["--scheme", "float16", "--shape", "1,32,32,3"], "--shape 1,32,32,3 does not fit", id="no choice"),
    ],
)
def test_what_does_not_fit_the_model_is_refused_in_a_line(
    classifier: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    wrong, nan, broken = (tmp_path / f"{name}.npz" for name in ("wrong", "nan", "broken"))
    write_samples(wrong, 32, 32, 3, count=2)
    np.savez(nan, np.full((2, 64, 64, 3), np.nan))
    broken.write_bytes(wrong.read_bytes()[:1000])
    packed, other = tmp_path / "packed.npz", tmp_path / "other.npz"
    np.savez_compressed(packed, np.zeros((2, 64, 64, 3)))
    packed.write_bytes(packed.read_bytes().replace(b"\0\0\0\0", b"\7\7\7\7"))
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("input.npy", "no array")
    (tmp_path / "pipes").mkdir()
    os.mkfifo(tmp_path / "pipes" / "picture.jpg")
    files = {"wrong": wrong, "nan": nan, "broken": broken, "empty": tmp_path / "none"}
    files |= {"packed": packed, "other": other, "pipes": tmp_path / "pipes"}
    (tmp_path / "none").mkdir()
    result = quantize(classifier, *(word.format(**files) for word in arguments))
    assert result.returncode == 1
    assert message in result.stderr and "Traceback" not in result.stderr
    assert not list(classifier.parent.glob("*.tflite"))


@pytest.mark.parametrize(
    ("folders", "labels", "told"),
    [
        (["cat", "dog", "empty"], None, "empty: holds no pictures"),
        (["cat", "dog"], None, "labelled: has 2 class folders, but the model tells 3 classes apart"),
        (["cat", "dog"], "cat\nhen\nowl\n", "labels.txt: has no label 'dog', which is a folder in"),
    ],
    ids=["an empty folder", "too few folders", "a folder without a label"],
)
def test_mistakes_among_labelled_pictures_are_told_before_anything_is_converted(
    folders: list[str], labels: str | None, told: str, tmp_path: Path
) -> None:
    layers = [keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(3)]
    keras.Sequential(layers).save(tmp_path / "model.h5")
    for name in folders:
        (tmp_path / "labelled" / name).mkdir(parents=True)
        if name != "empty":
            (tmp_path / "labelled" / name / "a.png").write_bytes(encoded(Image.new("RGB", (8, 8)), "PNG"))
    (tmp_path / "labels.txt").write_text(labels or "")
    options = Options(
        model=tmp_path / "model.h5",
        scheme_name="dynamic",
        calibration=None,
        pixels="unit",
        shape=None,
        output=tmp_path / "model.tflite",
        compare=True,
        labelled=tmp_path / "labelled",
        labels=tmp_path / "labels.txt" if labels else None,
        trust=False,
    )
    steps: list[str] = []
    with pytest.raises(UserError, match=told):
        convert_checked(options, steps.append)
    assert steps == []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "is a folder, a pipe or a device"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "cannot be read as a picture"),
        (b"\xff\xd8" + b"\xff\xfe\0\2" * 5_000, "absurd size: a JPEG of more than 1,000 segments"),
        (encoded(Image.new("1", (9_000, 9_000)), "PNG"), "absurd size: 9000 x 9000 pixels"),
        (encoded(Image.new("RGB", (90, 90)), "PNG")[:90], "cannot be read as a picture"),
    ],
    ids=range(5),
)
def test_a_picture_to_calibrate_with_that_is_none_is_refused(tmp_path: Path, content: bytes | None, told: str) -> None:
    file = tmp_path / "x.png"
    if content is None:
        os.mkfifo(file)
    else:
        file.write_bytes(content)
    with pytest.raises(UserError, match=f"x.png: {told}"):
        list(read_samples(tmp_path, [tf.TensorSpec([1, 8, 8, 3])], "unit"))


def test_hidden_files_and_drawn_copies_are_no_samples(tmp_path: Path) -> None:
    """Such as those that macOS puts beside pictures; the folder that was named may be hidden itself."""
    folder = tmp_path / ".photos"
    (folder / "class").mkdir(parents=True)
    (folder / ".thumbnails").mkdir()
    picture = encoded(Image.new("RGB", (8, 8)), "PNG")
    for name in (
        "class/a.png",
        "class/a.classified.png",
        "b.PNG",
        "b.detected.png",
        "._b.PNG",
        "class/.c.png",
        ".thumbnails/a.png",
    ):
        (folder / name).write_bytes(picture)
    assert len(read_samples(folder, [tf.TensorSpec([1, 8, 8, 3])], "raw")) == 2


def test_what_is_no_model_is_refused_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "model.h5").write_bytes(b"no model")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "saved_model.pb").write_bytes(b"no model")
    for model in (tmp_path / "model.h5", tmp_path / "damaged"):
        result = quantize(model, "--scheme", "float16")
        assert result.returncode == 1
        assert str(model) in result.stderr and "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--help"], 0, "octet quantize MODEL"),
        (["--help-schemes"], 0, "full integer, needs --calibration"),
        (["net.h5"], 1, "give a MODEL and its --scheme"),
        (["net.h5", "--scheme", "int4"], 2, "invalid choice"),
        (["net.h5", "--scheme", "float16", "--shape", "1,two"], 2, "--shape"),
        (["net.h5", "--scheme", "float16", "--shape", "8,64,64,3"], 1, "expected a 1 first"),
        (["missing.h5", "--scheme", "float16"], 1, "missing.h5: is not there"),
        (["net.txt", "--scheme", "float16"], 1, "net.txt: is neither: expected a .h5 or .keras file"),
        ([".", "--scheme", "float16"], 1, "or the folder of a SavedModel"),
        (
            ["net.h5", "--scheme", "float16", "--out", "net.h5"],
            1,
            "--out net.h5: expected the name of a file that ends",
        ),
        (["net.h5", "--scheme", "int8"], 1, "reads ranges from samples"),
        (["net.h5", "--scheme", "int8", "--calibration", "nothing.npz"], 1, "nothing.npz: is not there"),
        (["net.h5", "--scheme", "int8", "--calibration", "net.txt"], 1, "net.txt: is neither"),
        (["net.h5", "--scheme", "int8", "--calibration", "."], 1, "--pixels raw (0..255)"),
        (["net.h5", "--scheme", "float16", "--pixels", "unit"], 1, "--pixels unit: is for pictures, and neither"),
        (
            ["net.h5", "--scheme", "int8", "--calibration", "samples.npz", "--pixels", "raw"],
            1,
            "--pixels raw: is for pictures, and neither --calibration nor --labelled names a folder of them",
        ),
        (
            ["net.h5", "--scheme", "float16", "--pixels", "raw", "--compare", "--labelled", "."],
            1,
            "expected a folder that holds a folder of pictures for each class",
        ),
    ],
)
def test_what_needs_no_model_needs_no_tensorflow(arguments: list[str], code: int, message: str, tmp_path: Path) -> None:
    for name in ("net.h5", "net.txt", "samples.npz"):
        (tmp_path / name).touch()
    (tmp_path / ".hidden").mkdir()
    command = quantize_command(*arguments, python_options=("-X", "importtime"))
    command[command.index("src/octet")] = str(ROOT / "src" / "octet")
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == code
    assert message in result.stdout + result.stderr
    assert "argparse" in result.stderr  # so the modules that were imported are listed there
    assert not re.search("tensorflow|keras$|h5py", result.stderr, re.MULTILINE)


@pytest.fixture(scope="module")
def recurrent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two small LSTMs, of Keras 2 and 3, and samples for them."""
    folder = tmp_path_factory.mktemp("recurrent")
    write_samples(folder / "samples.npz", 8, 4)
    for library, name in ((keras, "keras_2.h5"), (keras_3, "keras_3.keras")):
        library.utils.set_random_seed(1)
        layers = [library.layers.LSTM(8), library.layers.Dense(2)]
        library.Sequential([library.Input((8, 4)), *layers]).save(folder / name)
    return folder


@pytest.mark.parametrize("scheme", ["dynamic", "float16", "int8", "uint8", "int16x8"])
def test_an_lstm_of_keras_2_is_one_operator(recurrent: Path, scheme: str, tmp_path: Path) -> None:
    out = tmp_path / "out.tflite"
    more = ["--calibration", recurrent / "samples.npz"] if "int" in scheme else []
    result = quantize(recurrent / "keras_2.h5", "--scheme", scheme, *more, "--out", out)
    if scheme == "int16x8":
        assert result.returncode == 1
        assert "LiteRT cannot run what --scheme int16x8 made" in result.stderr
        assert "use dynamic or float16" in result.stderr
        assert not out.exists()
    else:
        assert (result.stderr, result.returncode) == ("", 0)
        assert out.exists()


@pytest.mark.parametrize("scheme", ["dynamic", "float16", "int8", "uint8", "int16x8"])
def test_an_lstm_of_keras_3_is_a_loop_that_crashes_the_calibrator(
    recurrent: Path, scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scratch").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    out = tmp_path / "out.tflite"
    calibrated = "int" in scheme
    more = ["--calibration", recurrent / "samples.npz"] if calibrated else []
    run = quantize_alone if calibrated else quantize
    result = run(recurrent / "keras_3.keras", "--scheme", scheme, *more, "--out", out)
    if calibrated:
        assert result.returncode == 1
        (line,) = result.stderr.splitlines()
        assert "keras_3.keras: the process that was converting it crashed in native code (SIGSEGV)" in line
        assert "use --scheme dynamic or float16" in line
    else:
        assert (result.stderr, result.returncode) == ("", 0)
    assert {path.name for path in tmp_path.iterdir()} == {"scratch"} if calibrated else out.exists()
    assert not list((tmp_path / "scratch").iterdir())


@pytest.mark.parametrize("ending", ["ctrl-c", "no memory", "parent killed"])
def test_whatever_ends_it_leaves_nothing_behind(
    ending: str, classifier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scratch").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    command = quantize_command(classifier, "--scheme", "float16", "--out", tmp_path / "out" / "small.tflite")
    parent = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert parent.stdout
    assert parent.stdout.readline().startswith("running on")  # so the child is at work
    children = psutil.Process(parent.pid).children()
    (child,) = (process for process in children if "spawn_main" in " ".join(process.cmdline()))
    assert child.rlimit(psutil.RLIMIT_DATA)[0] <= psutil.virtual_memory().total
    if ending == "ctrl-c":
        os.killpg(parent.pid, signal.SIGINT)  # as the terminal does
    else:
        (child if ending == "no memory" else parent).kill()
    errors = parent.communicate()[1]
    assert psutil.wait_procs(children, timeout=60)[1] == []
    assert not (tmp_path / "out").exists()
    if ending == "ctrl-c":
        assert (parent.returncode, errors) == (130, "octet: stopped\n")
    if ending == "no memory":
        assert parent.returncode == 1
        assert (
            errors.startswith(f"octet: {classifier}: ") and "killed (SIGKILL), most likely for want of memory" in errors
        )
    if ending != "parent killed":
        assert not list((tmp_path / "scratch").iterdir())


@pytest.mark.parametrize("kilobytes", [300_000, 2_000_000])
def test_a_limit_under_which_nothing_can_be_loaded_is_told(classifier: Path, kilobytes: int) -> None:
    command = shlex.join(quantize_command(classifier, "--scheme", "float16"))
    limited = ["bash", "-c", f"ulimit -v {kilobytes}; exec {command}"]
    result = subprocess.run(limited, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (1, "")
    allowed = kilobytes * 1024 / 1e9
    told = f"octet: quantize needs 4.3 GB of address space, and `ulimit -v` allows {allowed:.1f} GB: raise it\n"
    assert result.stderr == told


def test_models_of_the_same_stem_keep_apart(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    for name in ("model.h5", "model.keras", "model"):
        (model.save if "." in name else model.export)(tmp_path / name)
    outputs = {"model.h5_float16.tflite", "model.keras_float16.tflite", "model_float16.tflite"}
    for name in ("model.h5", "model.keras", "model", "model.h5"):
        result = quantize(tmp_path / name, "--scheme", "float16")
        assert (result.stderr, result.returncode) == ("", 0)
    assert {file.name for file in tmp_path.glob("*.tflite")} == outputs


def test_the_file_lies_beside_the_name_that_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not where a link of that name leads; of a folder that has no name there, beside the one that it has."""
    for folder in ("store", "here/saved/inner"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "store" / "blob123").touch()
    (tmp_path / "here" / "net.h5").symlink_to("../store/blob123")
    (tmp_path / "linked").symlink_to("here")
    monkeypatch.chdir(tmp_path / "here" / "saved" / "inner")
    for model, output in (
        (f"{tmp_path}/here/net.h5", f"{tmp_path}/here/net.h5_int8.tflite"),
        (f"{tmp_path}/linked/net.h5", f"{tmp_path}/linked/net.h5_int8.tflite"),
        ("../../net.h5", f"{tmp_path}/here/saved/inner/../../net.h5_int8.tflite"),
        (".", f"{tmp_path}/here/saved/inner_int8.tflite"),
        ("..", f"{tmp_path}/here/saved_int8.tflite"),
        ("../inner/..", f"{tmp_path}/here/saved_int8.tflite"),
    ):
        assert str(default_output(Path(model), "int8")) == output
    assert "or the folder of a SavedModel" in quantize("/", "--scheme", "float16").stderr


def test_agreement_is_not_claimed_where_outputs_are_constant(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, kernel_initializer="zeros")])
    model.layers[0].bias.assign([0.0, 1.0, 0.0])
    model.save(tmp_path / "constant.h5")
    result = quantize(tmp_path / "constant.h5", "--scheme", "float16", "--compare")
    assert (result.stderr, result.returncode) == ("", 0)
    assert "agreement  cannot be told: on all of 16 random samples" in result.stdout
    assert "place 1" in result.stdout
    assert "100" not in re.findall("agreement .*", result.stdout)[0]


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ([[1, 1], [1, 1]], "cannot be told"),
        ([[1, 1], [2, 2]], "100.0% of"),
        ([[1, 1], [1, 2], [1, 1], [1, 1]], "75.0% of"),  # the float file's is constant, and the other's is not
    ],
)
def test_agreement_says_whether_it_says_anything(places: list[list[int]], words: str) -> None:
    assert words in describe_agreement(np.array(places), "2 samples")
