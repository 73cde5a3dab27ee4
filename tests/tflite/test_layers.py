"""The layer that spoils a file is the first in the table."""

import numpy as np
import pytest

from conftest import Project, detection_recipe
from octet.commands.shrinking.float_comparison import compare_outputs
from octet.common.tensorflow import keras, tf
from octet.data.reading.pictures import picture_batches
from octet.data.reading.pixels import normalize
from octet.quantization.qat import copy_weights, quantize
from octet.recipe.detection import Recipe
from octet.tasks.detection.network.model import build_detector
from octet.tasks.detection.shipping.graphs import trace_heads
from octet.tflite.comparing.layers import keras_reference, layers_table, tflite_reference, worst_first
from octet.tflite.files.conversion import to_float, to_integer, trace_graph
from octet.tflite.running.operators import list_operators

SPOILT = "block_5_depthwise_relu"


@pytest.fixture(scope="module")
def recipe(reproduced: Project) -> Recipe:
    return detection_recipe(reproduced.folder / "params.yaml")


@pytest.fixture(scope="module")
def pictures(reproduced: Project, recipe: Recipe) -> list[np.ndarray]:
    records = reproduced.folder / "data" / "quickstart" / "records"
    return [normalize(picture).numpy() for picture in picture_batches(records, "test", recipe.model.input_size, 1)]


@pytest.fixture
def model(reproduced: Project, recipe: Recipe) -> keras.Model:
    model = build_detector(recipe.model, len(recipe.dataset.classes))
    model.load_weights(reproduced.folder / "models" / "quickstart" / "float" / "weights.h5")
    return model


@pytest.fixture
def quantized(reproduced: Project, model: keras.Model) -> keras.Model:
    quantized = quantize(model)
    quantized.load_weights(reproduced.folder / "models" / "quickstart" / "qat" / "weights.h5")
    return quantized


def integer_file(quantized: keras.Model) -> bytes:
    return to_integer(trace_heads(quantized), output_type=tf.uint8)


def test_a_range_that_is_far_too_wide_comes_first(
    model: keras.Model, quantized: keras.Model, pictures: list[np.ndarray]
) -> None:
    reference = keras_reference(copy_weights(quantized, model))
    healthy = worst_first(reference, integer_file(quantized), pictures)
    for end in ("min", "max"):
        (bound,) = (weight for weight in quantized.weights if weight.name == f"quant_{SPOILT}/output_{end}:0")
        bound.assign(100 * bound)
    first, second, *_ = worst_first(reference, integer_file(quantized), pictures)
    assert first["layer"] == SPOILT
    assert first["advice"].startswith("narrow its range")
    assert first["range_used"] < 0.05
    assert first["lost_db"] > second["lost_db"]
    assert first["lost_db"] > 10 + next(row["lost_db"] for row in healthy if row["layer"] == SPOILT)
    assert SPOILT in layers_table([first])


def test_a_range_that_is_too_small_saturates(
    model: keras.Model, quantized: keras.Model, pictures: list[np.ndarray]
) -> None:
    (bound,) = (weight for weight in quantized.weights if weight.name == f"quant_{SPOILT}/output_max:0")
    bound.assign(bound / 20)
    reference = keras_reference(copy_weights(quantized, model))
    first, *_ = worst_first(reference, integer_file(quantized), pictures)
    assert first["layer"] == SPOILT
    assert first["saturated"] > 0.02
    assert first["advice"].startswith("raise its range")


def test_every_layer_of_a_calibrated_file_is_compared_with_the_float_one(
    model: keras.Model, pictures: list[np.ndarray]
) -> None:
    graph = trace_heads(model)
    content = to_integer(graph, lambda: ([picture] for picture in pictures))
    by_file = worst_first(tflite_reference(to_float(graph)), content, pictures)
    by_network = worst_first(keras_reference(model), content, pictures)
    compared = {error["layer"] for error in by_network}
    assert {layer.name for layer in model.layers if isinstance(layer, keras.layers.ReLU)} <= compared
    assert len(by_file) >= len(by_network)
    assert by_file[0]["sqnr_db"] == pytest.approx(
        next(error["sqnr_db"] for error in by_network if error["layer"] in by_file[0]["layer"].split("/")), abs=0.5
    )


def test_files_that_share_no_layer_have_an_empty_table(quantized: keras.Model, pictures: list[np.ndarray]) -> None:
    assert worst_first(lambda _: {"another": np.zeros(1, np.float32)}, integer_file(quantized), pictures) == []


def test_a_file_that_keeps_a_state_is_compared(state: bytes) -> None:
    """Its operators that assign a variable have no output."""
    operators = {operator.name: operator.output for operator in list_operators(state)}
    assert operators["ASSIGN_VARIABLE"] == ""
    layers = worst_first(tflite_reference(state), state, [np.ones((1, 4), np.float32)])
    assert "ADD" in [layer["operator"] for layer in layers]


@pytest.fixture
def state() -> bytes:
    """A file that adds up what it is given."""
    total = tf.Variable(tf.zeros([1, 4]))
    return to_float(trace_graph(lambda x: total.assign_add(x), [total], tf.TensorSpec([1, 4])))


def test_what_is_not_finite_is_the_worst_error() -> None:
    right, wrong = (to_float(trace_graph(of, [], tf.TensorSpec([1, 4]))) for of in (tf.math.exp, tf.math.log))
    negative = -np.ones((1, 4), np.float32)
    (layer,) = worst_first(tflite_reference(right), wrong, [negative])
    assert (layer["sqnr_db"], layer["lost_db"]) == (-50, 100)
    assert np.isnan(layer["max_error"])
    assert np.isnan(compare_outputs(right, wrong, [{"x": negative}]).max_error)


def test_a_range_that_the_runtime_fixes_is_not_to_be_changed() -> None:
    """Most of softmax's range is unused where a thousand classes share what there is."""
    random = np.random.default_rng(0)
    pictures = list(random.normal(size=(8, 1, 1000)).astype(np.float32))
    graph = trace_graph(lambda x: tf.nn.softmax(x), [], tf.TensorSpec([1, 1000]))
    content = to_integer(graph, lambda: ([picture] for picture in pictures))
    (name,) = [operator.output for operator in list_operators(content) if operator.name == "SOFTMAX"]
    (layer,) = worst_first(lambda picture: {name: tf.nn.softmax(picture).numpy()}, content, pictures)
    assert layer["range_used"] < 0.25
    assert layer["sqnr_db"] < 30 and layer["lost_db"] > 6  # where others are advised to narrow their range
    assert layer["advice"] == ""


def row(name: str) -> dict[str, object]:
    numbers = {"sqnr_db": 30.0, "lost_db": 1.0, "max_error": 0.1, "saturated": 0.0, "range_used": 1.0}
    return {"layer": name, **numbers, "advice": ""}


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["model/a/Relu", "b"], ["model/a/Relu", "b"]),  # short enough as they are
        (
            [f"functional_1/mobilenet/features/block_{index}_expand/Relu6" for index in (1, 12)],
            ["block_1_expand/Relu6", "block_12_expand/Relu6"],
        ),
        (
            [f"{name}_encoder_of_a_model_with_very_long_names_BatchNorm" for name in ("left", "right")],
            ["left_encode…ry_long_names_BatchNorm", "right_encod…ry_long_names_BatchNorm"],
        ),
        (["x" * 30 + middle + "x" * 30 for middle in "ab"], ["x" * 15 + "…" + middle + "x" * 30 for middle in "ab"]),
    ],
)
def test_long_names_keep_what_tells_them_apart(names: list[str], shown: list[str]) -> None:
    head, *lines = layers_table([row(name) for name in names]).splitlines()
    assert [line.split()[0] for line in lines] == shown
    assert {line.index("30.0") for line in lines} == {head.index("SQNR dB") + len("SQNR dB") - len("30.0")}
