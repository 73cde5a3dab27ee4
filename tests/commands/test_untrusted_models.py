"""Models from strangers: what runs code or reaches files when they are loaded is refused, unless they are trusted."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras as keras_3
import numpy as np
import pytest
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session

from helpers.quantizing import quantize, quantize_alone
from octet.commands.shrinking.graph_operators import reaches_outside
from octet.commands.shrinking.untrusted_files import find_code
from octet.common.tensorflow import keras, tf


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that `touching_layer` leaves behind."""
    monkeypatch.setenv("TOUCHED_FILE", str(tmp_path / "mark"))
    return tmp_path / "mark"


def touching_layer(library: Any) -> Any:
    """A Lambda layer that leaves a file behind wherever it runs."""
    touch = lambda values: (__import__("pathlib").Path(__import__("os").environ["TOUCHED_FILE"]).touch(), values)[1]  # noqa: E731
    return library.layers.Lambda(touch, output_shape=(4,), name="sneaky")


def bare(library: Any, layer: Any) -> Any:
    return library.Sequential([library.Input((8, 4)), layer, library.layers.Flatten()])


def nested(library: Any, layer: Any) -> Any:
    inner = library.Sequential([library.Input((8, 4)), layer])
    inputs = library.Input((8, 4))
    return library.Model(inputs, library.layers.Flatten()(inner(inputs)))


def wrapped(library: Any, layer: Any) -> Any:
    return bare(library, library.layers.TimeDistributed(layer))


@pytest.mark.parametrize("build", [bare, nested, wrapped])
@pytest.mark.parametrize("suffix", [".h5", ".keras"])
@pytest.mark.parametrize("library", [keras, keras_3], ids=["keras 2", "keras 3"])
def test_a_lambda_layer_runs_only_when_trusted(
    library: Any, suffix: str, build: Callable[[Any, Any], Any], mark: Path, tmp_path: Path
) -> None:
    file = tmp_path / f"model{suffix}"
    build(library, touching_layer(library)).save(file)
    mark.unlink(missing_ok=True)

    refused = quantize(file, "--scheme", "dynamic")
    assert refused.returncode == 1
    assert f"{file}: its layer 'sneaky' (Lambda) runs Python code" in refused.stderr
    assert "--trust" in refused.stderr
    assert not mark.exists()

    trusted = quantize(file, "--scheme", "dynamic", "--trust")
    assert (trusted.stderr, trusted.returncode) == ("", 0)
    assert mark.exists()  # so it is an attack


def test_a_lambda_layer_is_refused_before_tensorflow_is_imported(mark: Path, tmp_path: Path) -> None:
    file = tmp_path / "model.h5"
    bare(keras, touching_layer(keras)).save(file)
    mark.unlink(missing_ok=True)
    result = quantize_alone(file, "--scheme", "dynamic", python_options=("-X", "importtime"))
    assert result.returncode == 1
    assert "h5py" in result.stderr and "--trust" in result.stderr
    assert "tensorflow" not in result.stderr
    assert not mark.exists()


def test_a_layer_may_not_call_whatever_function_of_tensorflow_it_names(tmp_path: Path) -> None:
    """Keras calls the function while it builds the model, with the values that the file has for it."""
    file, folder = tmp_path / "model.h5", tmp_path / "made"
    inputs = keras.Input((4,))
    keras.Model(inputs, tf.math.add(inputs, 1.0)).save(file)
    assert quantize(file, "--scheme", "dynamic").returncode == 0  # this function only computes
    with h5py.File(file, "r+") as opened:
        config = json.loads(opened.attrs["model_config"])
        layer = {
            "class_name": "TFOpLambda",
            "name": "sneaky",
            "config": {"name": "sneaky", "trainable": True, "dtype": "float32", "function": "io.gfile.makedirs"},
            "inbound_nodes": [["_CONSTANT_VALUE", -1, str(folder), {}]],
        }
        config["config"]["layers"].append(layer)
        opened.attrs["model_config"] = json.dumps(config)

    refused = quantize(file, "--scheme", "dynamic")
    assert refused.returncode == 1
    assert "'sneaky' (TFOpLambda) calls TensorFlow's function io.gfile.makedirs" in refused.stderr
    assert not folder.exists()

    quantize(file, "--scheme", "dynamic", "--trust")
    assert folder.exists()  # so it is an attack


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        pytest.param({"class_name": "__lambda__", "config": {"value": ""}}, "runs Python code", id="lambda value"),
        pytest.param({"class_name": "x", "registered_name": "Lambda"}, "runs Python code", id="registered name"),
        pytest.param({"class_name": "package>Lambda", "config": {}}, "runs Python code", id="package"),
        pytest.param({"module": "os", "class_name": "Path", "config": {}}, "needs os.Path", id="any module"),
        pytest.param({"module": "keras", "class_name": "utils.get_file"}, "needs keras.utils", id="path of names"),
        pytest.param(
            {"module": "keras.utils", "class_name": "function", "config": "get_file"},
            "needs keras.utils",
            id="download",
        ),
        pytest.param(
            {"module": "builtins", "class_name": "function", "config": "exec"}, "exec", id="built into Python"
        ),
        pytest.param(
            {"module": "keras.layers", "class_name": "function", "config": "core.func_load"},
            "func_load",
            id="unmarshal",
        ),
        pytest.param({"class_name": "TFSMLayer", "config": {"filepath": "x"}}, "loads a SavedModel", id="SavedModel"),
        pytest.param({"class_name": "TensorFlowOpLayer", "config": {}}, "any TensorFlow operator", id="operator"),
        pytest.param({"class_name": "TorchModuleWrapper", "config": {}}, "unpickles", id="pickle"),
        pytest.param(
            {"class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}}, "another file", id="vocabulary"
        ),
        pytest.param(
            {"class_name": "InstanceMethod", "config": {"attr_name": "__reduce__"}}, "__reduce__", id="private method"
        ),
    ],
)
def test_whatever_may_do_more_than_compute_is_seen_at_any_depth(part: dict[str, Any], reason: str) -> None:
    config = {"class_name": "Sequential", "config": {"layers": [{"cell": [[part]]}]}}
    ((_, found),) = list(find_code(config))[:1]
    assert reason in found


def test_ordinary_models_are_free_of_code() -> None:
    """Initializers of TensorFlow's own, augmentation, operators and mixed precision are what models have."""
    models = [keras.applications.EfficientNetV2B0(weights=None), keras_3.applications.EfficientNetV2B0(weights=None)]
    inputs = keras.Input((8, 8, 3))
    scaled = tf.reduce_mean(tf.nn.relu(tf.reshape(inputs / 255.0, [-1, 64, 3])[:, ::2]), 1)
    models.append(keras.Model(inputs, scaled))
    layers = [
        keras_3.layers.RandomRotation(0.1),
        keras_3.layers.Conv2D(2, 3, activation=keras_3.activations.gelu, dtype="mixed_float16"),
        keras_3.layers.Bidirectional(keras_3.layers.LSTM(2)),
    ]
    image = keras_3.Input((8, 8, 3))
    flat = keras_3.ops.reshape(layers[1](layers[0](image)) * 2, (-1, 36, 2))
    models.append(keras_3.Model(image, layers[2](flat)))
    for model in models:
        assert list(find_code(json.loads(model.to_json()))) == []
        library = keras_3 if isinstance(model, keras_3.Model) else keras
        stored = json.loads(json.dumps(library.saving.serialize_keras_object(model), default=str))
        assert list(find_code(stored)) == []


def test_a_file_of_two_formats_is_checked_as_both(mark: Path, tmp_path: Path) -> None:
    file = tmp_path / "model.h5"
    bare(keras, touching_layer(keras)).save(file)
    mark.unlink(missing_ok=True)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("metadata.json", "{}")
    assert "(Lambda) runs Python code" in quantize(file, "--scheme", "dynamic").stderr
    assert not mark.exists()


def linked(file: h5py.File) -> None:
    file["other"] = h5py.ExternalLink("/etc/passwd", "/")


def stored_elsewhere(file: h5py.File) -> None:
    file.create_dataset("other", (4,), "u1", external=[("/etc/passwd", 0, 4)])


def inflated(file: h5py.File) -> None:
    file.create_dataset("other", (10**12,), "f4", chunks=(10**6,), compression="gzip")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (linked, "link to another file"),
        (stored_elsewhere, "lies in another file"),
        (inflated, "unpacks to 4000000 MB"),
    ],
)
@pytest.mark.parametrize("archived", [False, True], ids=["h5", "keras"])
def test_weights_that_are_not_in_the_file_are_refused(
    spoil: Callable[[h5py.File], None], reason: str, archived: bool, tmp_path: Path
) -> None:
    file = tmp_path / "model.h5"
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]).save(file)
    with h5py.File(file, "r+") as opened:
        spoil(opened)
    if archived:
        weights, file = file, tmp_path / "model.keras"
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("config.json", "{}")
            archive.write(weights, "model.weights.h5")
    result = quantize(file, "--scheme", "dynamic")
    assert result.returncode == 1
    assert str(file) in result.stderr and reason in result.stderr


def test_a_config_that_fills_the_memory_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.keras"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", " " * 2**27)
    assert "unpacks to 134 MB" in quantize(file, "--scheme", "dynamic").stderr
    with zipfile.ZipFile(file, "w", zipfile.ZIP_BZIP2) as archive:  # whose size in the archive can be a lie
        archive.writestr("config.json", "{}")
        archive.writestr("metadata.json", "{}")
    assert "its 'config.json' is compressed, which Keras does not do" in quantize(file, "--scheme", "dynamic").stderr
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("config.json", "[" * 10**6)
        archive.writestr("metadata.json", "{}")
    assert "is not a Keras model" in quantize(file, "--scheme", "dynamic").stderr
    with h5py.File(tmp_path / "model.h5", "w") as opened:
        opened.attrs["model_config"] = " " * (2**26 + 1)
    assert "describes its layers in 67 MB" in quantize(tmp_path / "model.h5", "--scheme", "dynamic").stderr


def test_weights_that_fill_the_memory_are_refused(tmp_path: Path) -> None:
    """In the archive that Keras may have weights in, inside its own."""
    weights = io.BytesIO()
    np.savez_compressed(weights, zeros=np.zeros(10**7))
    with zipfile.ZipFile(tmp_path / "model.keras", "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("metadata.json", "{}")
        archive.writestr("model.weights.npz", weights.getvalue())
    result = quantize(tmp_path / "model.keras", "--scheme", "dynamic")
    assert "model.keras: its 'zeros.npy' is compressed, which Keras does not do" in result.stderr


class Resource(tf.saved_model.experimental.TrackableResource):
    """Writes a file when it is initialized, which a SavedModel's resources are when it is loaded."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = str(file)

    def _create_resource(self) -> Any:
        return tf.raw_ops.VarHandleOp(dtype=tf.float32, shape=[], shared_name="sneaky")

    def _initialize(self) -> None:
        tf.io.write_file(self.file, "written")


def test_a_saved_model_that_writes_files_when_it_is_loaded(tmp_path: Path) -> None:
    folder, mark = tmp_path / "model", tmp_path / "mark"
    module = tf.Module()
    module.resource = Resource(mark)
    module.weight = tf.Variable(2.0)

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, "x")])
    def serve(values: tf.Tensor) -> Any:
        return {"y": values * module.weight}

    module.serve = serve
    tf.saved_model.save(module, str(folder), {"serving_default": serve})
    mark.unlink(missing_ok=True)

    refused = quantize(folder, "--scheme", "dynamic")
    assert refused.returncode == 1
    assert f"{folder}: its graph holds WriteFile" in refused.stderr and "--trust" in refused.stderr
    assert not mark.exists()

    assert "TFLite's converter cannot" in quantize(folder, "--scheme", "dynamic", "--trust").stderr
    assert mark.read_text() == "written"  # so it is an attack


def save_checkpoint(values: tf.Tensor) -> None:
    tf.raw_ops.SaveV2(prefix="x", tensor_names=["a"], shape_and_slices=[""], tensors=[values])


def restore_checkpoint(values: tf.Tensor) -> tf.Tensor:
    names = {"prefix": "x", "tensor_names": ["a"], "shape_and_slices": [""]}
    return values + tf.raw_ops.RestoreV2(**names, dtypes=[tf.float32])[0]


@pytest.mark.parametrize(
    ("operator", "run"),
    [
        ("EagerPyFunc", lambda values: tf.py_function(lambda same: same, [values], tf.float32)),
        ("PyFunc", lambda values: tf.numpy_function(lambda same: same, [values], tf.float32)),
        ("ReadFile", lambda values: values * tf.cast(tf.strings.length(tf.io.read_file("/etc/passwd")), tf.float32)),
        ("MatchingFiles", lambda values: values * tf.cast(tf.size(tf.io.matching_files("/*")), tf.float32)),
        ("SaveV2", save_checkpoint),
        ("RestoreV2", restore_checkpoint),
    ],
)
def test_a_saved_model_serves_with_operators_that_only_compute(
    operator: str, run: Callable[[tf.Tensor], Any], tmp_path: Path
) -> None:
    """The saver of every SavedModel has operators that reach files; what serves may not."""
    module = tf.Module()
    module.weight = tf.Variable(2.0)

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, "x")])
    def serve(values: tf.Tensor) -> Any:
        scaled = values * module.weight
        result = run(scaled)
        return {"y": scaled if result is None else result}

    module.serve = serve
    tf.saved_model.save(module, str(tmp_path / "model"), {"serving_default": serve})
    refused = quantize(tmp_path / "model", "--scheme", "dynamic")
    assert refused.returncode == 1
    assert f"its graph holds {operator}, which" in refused.stderr


def test_every_operator_that_takes_the_name_of_a_file_is_known() -> None:
    """TensorFlow's next version may have more of them."""
    operators = op_def_pb2.OpList.FromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
    taking_names = {
        operator.name
        for operator in operators.op
        for name in [
            *(argument.name for argument in operator.input_arg if argument.type == tf.string.as_datatype_enum),
            *(attribute.name for attribute in operator.attr if attribute.type == "string"),
        ]
        if any(word in name for word in ("file", "path", "dir", "prefix", "address", "_uri", "data_source", "stream"))
        and name != "direction"  # of a recurrent layer
    }
    assert {"ReadFile", "SaveV2", "LMDBDataset", "PrintV2"} <= taking_names
    assert {name for name in taking_names if not reaches_outside(name)} == set()
    ordinary = ("Conv2D", "ReadVariableOp", "VarHandleOp", "StatefulPartitionedCall", "While", "TensorListReserve")
    assert not any(map(reaches_outside, ordinary))


def test_a_damaged_file_is_refused_even_when_trusted(tmp_path: Path) -> None:
    for name in ("model.h5", "model.keras"):
        (tmp_path / name).write_bytes(np.random.default_rng(0).bytes(1000))
        result = quantize(tmp_path / name, "--scheme", "dynamic", "--trust")
        assert result.returncode == 1
        assert f"{tmp_path / name}: is not a Keras model" in result.stderr
