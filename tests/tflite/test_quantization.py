"""Fake quantization stays close to the float model, and the files have the inputs, outputs and arithmetic promised."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from conftest import Project, detection_recipe
from helpers.small_files import detector_file
from octet.common.tensorflow import keras, tf, tflite
from octet.data.reading.pictures import picture_batches
from octet.data.reading.pixels import normalize
from octet.measuring.evaluation import STEPS
from octet.quantization.qat import activation_ranges, calibrate, quantize
from octet.quantization.scheme import DepthwiseWeightsQuantizer
from octet.recipe.detection import Recipe
from octet.tasks.detection.metric.detections import Detections, from_coco
from octet.tasks.detection.metric.truths import read_truths
from octet.tasks.detection.network.boxes import decode_boxes
from octet.tasks.detection.network.cells import make_cells
from octet.tasks.detection.network.model import build_detector
from octet.tflite.running.running import Runner, run_tflite
from octet.tflite.running.variants import variant_files

LADDER = ("float32", "float16", "dynamic", "int8_ptq")


@pytest.fixture(scope="module")
def recipe(reproduced: Project) -> Recipe:
    return detection_recipe(reproduced.folder / "params.yaml")


@pytest.fixture(scope="module")
def models(reproduced: Project) -> Path:
    return reproduced.folder / "models" / "quickstart"


@pytest.fixture(scope="module")
def pictures(reproduced: Project, recipe: Recipe) -> list[np.ndarray]:
    records = reproduced.folder / "data" / "quickstart" / "records"
    return list(picture_batches(records, "test", recipe.model.input_size, 8).as_numpy_iterator())


@pytest.fixture(scope="module")
def detections(reproduced: Project) -> Callable[[str], Detections]:
    """A variant's detections in the test pictures, by the variant's name."""
    truths = read_truths(reproduced.folder / "data" / "quickstart" / "records", "test")
    folder = reproduced.folder / "reports" / "quickstart" / "detections"
    return lambda variant: from_coco(json.loads((folder / f"{variant}.json").read_text()), truths)


def variant_file(models: Path, variant: str) -> Path:
    return variant_files(models, "detector_uint8.tflite")[variant]


def open_file(file: Path) -> tuple[dict[str, Any], list[dict[str, Any]], Interpreter]:
    interpreter = Interpreter(model_path=str(file))
    interpreter.allocate_tensors()
    (input_details,) = interpreter.get_input_details()
    return input_details, interpreter.get_output_details(), interpreter


def dtypes(interpreter: Interpreter) -> set[type]:
    return {details["dtype"] for details in interpreter.get_tensor_details()}


def test_a_depthwise_kernel_has_a_scale_for_each_channel() -> None:
    quantizer = DepthwiseWeightsQuantizer()
    weights = quantizer.build(tf.TensorShape([3, 3, 4, 1]), "kernel", keras.layers.Layer())
    sizes = np.reshape([1, 1e-1, 1e-2, 1e-3], (4, 1))
    kernel = np.random.default_rng(0).normal(size=(3, 3, 4, 1)) * sizes
    rounded = quantizer(tf.constant(kernel, tf.float32), True, weights).numpy()
    error = np.abs(rounded - kernel).max(axis=(0, 1, 3))
    step = np.abs(kernel).max(axis=(0, 1, 3)) / 127
    assert (error <= step / 2 + 1e-9).all()


def test_calibration_starts_from_the_float_models_ranges(
    recipe: Recipe, models: Path, pictures: list[np.ndarray]
) -> None:
    """After calibration, before any training, the fake-quantized model predicts nearly what the float model does."""
    model = build_detector(recipe.model, len(recipe.dataset.classes))
    model.load_weights(models / "float" / "weights.h5")
    quantized = quantize(model)
    calibrate(quantized, model, [normalize(pictures[0])])
    for exact, rounded in zip(model(normalize(pictures[0])), quantized(normalize(pictures[0])), strict=True):
        spread = float(tf.reduce_max(exact) - tf.reduce_min(exact))
        assert float(tf.reduce_mean(tf.abs(exact - rounded))) < 0.05 * spread


def test_the_file_rounds_what_training_rounds(recipe: Recipe, models: Path) -> None:
    """Each range that an activation was trained with is the range of a tensor in the file."""
    quantized = quantize(build_detector(recipe.model, len(recipe.dataset.classes)))
    quantized.load_weights(models / "qat" / "weights.h5")
    _, _, interpreter = open_file(models / "tflite" / "uint8_raw.tflite")
    steps = np.array(
        [details["quantization"][0] for details in interpreter.get_tensor_details() if details["quantization"][0]]
    )
    trained = {layer.name: (float(high) - float(low)) / 255 for layer, low, high in activation_ranges(quantized)}
    assert len(trained) > 40
    assert {name for name, step in trained.items() if np.abs(steps / step - 1).min() > 1e-4} == set()


def test_the_shipped_file(recipe: Recipe, models: Path) -> None:
    inputs, outputs, _ = open_file(models / "detector_uint8.tflite")
    size, slots = recipe.model.input_size, recipe.model.suppression.max_detections
    assert (inputs["dtype"], inputs["shape"].tolist()) == (np.uint8, [1, size, size, 3])
    assert inputs["quantization"] == (1 / 128, 128)  # so that a pixel is itself
    assert [details["shape"].tolist() for details in outputs] == [[1, slots, 4], [1, slots], [1, slots], [1]]
    assert {details["dtype"] for details in outputs} == {np.float32}
    assert (models / "labels.txt").read_text().split() == list(recipe.dataset.classes)


def test_what_is_timed_runs_on_the_picture_that_was_put_in(models: Path, pictures: list[np.ndarray]) -> None:
    """An input that nothing was put into holds what memory held, and finds nothing, which is fast."""
    bare, whole = (Runner(models / "tflite" / "float32.tflite") for _ in range(2))
    bare.put(pictures[0][0])()
    for found, expected in zip(bare.outputs(), whole(pictures[0][0]), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_the_shipped_file_computes_in_integers(models: Path) -> None:
    _, _, interpreter = open_file(models / "detector_uint8.tflite")
    operators = interpreter._get_ops_details()
    floats = {
        operator["op_name"]
        for operator in operators
        for index in operator["outputs"]
        if interpreter._get_tensor_details(index, 0)["dtype"] is np.float32
    }
    assert floats <= {"DEQUANTIZE", "TFLite_Detection_PostProcess", "MAXIMUM", "MINIMUM", "SUB", "DELEGATE"}


@pytest.mark.parametrize("name", ["detector_uint8", "tflite/int8_ptq"])
def test_what_is_enlarged_is_not_rounded_again_before(models: Path, name: str) -> None:
    _, _, interpreter = open_file(models / f"{name}.tflite")
    operators = interpreter._get_ops_details()
    origin = {output: operator["op_name"] for operator in operators for output in operator["outputs"]}
    enlarged = [operator["inputs"][0] for operator in operators if operator["op_name"] == "RESIZE_BILINEAR"]
    assert enlarged
    assert "QUANTIZE" not in [origin[tensor] for tensor in enlarged]


@pytest.mark.parametrize("variant", LADDER)
def test_all_files_of_the_ladder_have_the_same_outputs(recipe: Recipe, models: Path, variant: str) -> None:
    inputs, outputs, _ = open_file(models / "tflite" / f"{variant}.tflite")
    _, shipped, _ = open_file(models / "detector_uint8.tflite")
    assert inputs["dtype"] is (np.uint8 if variant == "int8_ptq" else np.float32)
    assert [(d["dtype"], d["shape"].tolist()) for d in outputs] == [(d["dtype"], d["shape"].tolist()) for d in shipped]
    assert inputs["shape"].tolist() == [1, recipe.model.input_size, recipe.model.input_size, 3]


def test_constants_are_aligned_and_written_once(models: Path) -> None:
    """A sixth of a small file would be equal zero points, one for each channel."""
    model = tflite.Model.GetRootAs((models / "detector_uint8.tflite").read_bytes())
    buffers = [model.Buffers(index)._tab for index in range(model.BuffersLength())]
    assert {tab.Vector(tab.Offset(4)) % 16 for tab in buffers if tab.Offset(4)} == {0}
    graph = model.Subgraphs(0)
    tensors = [graph.Tensors(index) for index in range(graph.TensorsLength())]
    quantizations = [tensor.Quantization() for tensor in tensors if tensor.Quantization()]
    quantizations = [parameters for parameters in quantizations if not parameters.ZeroPointIsNone()]
    per_channel = {
        parameters._tab.Vector(parameters._tab.Offset(10)): parameters
        for parameters in quantizations
        if parameters.ZeroPointLength() > 1
    }
    assert len(per_channel) == len({parameters.ZeroPointAsNumpy().tobytes() for parameters in per_channel.values()}) > 3
    assert not any(b";" in tensor.Name() for tensor in tensors)


@pytest.mark.parametrize("threads", [2, 3, 4])
@pytest.mark.parametrize("integer", [True, False])
def test_no_class_is_lost_to_threads(tmp_path: Path, integer: bool, threads: int) -> None:
    """The runtime's op ignores the class whose number is that of the threads."""
    file = tmp_path / "detector.tflite"
    file.write_bytes(detector_file(integer))
    pictures = np.random.default_rng(1).integers(0, 256, (8, 64, 64, 3), np.uint8)

    def detect(threads: int, picture: np.ndarray) -> list[tuple[float, float]]:
        _, classes, scores, _ = Runner(file, threads=threads)(picture)
        return sorted((class_, score) for class_, score in zip(classes, scores, strict=True) if score > scores[-1])

    alone = [detect(1, picture) for picture in pictures]
    assert {class_ for detected in alone for class_, _ in detected} >= {2, 3, 4}
    assert [detect(threads, picture) for picture in pictures] == alone


@pytest.mark.parametrize("variant", ["uint8", *LADDER])
def test_boxes_end_where_the_picture_ends(models: Path, pictures: list[np.ndarray], variant: str) -> None:
    boxes, *_ = next(run_tflite(variant_file(models, variant), pictures))
    assert (boxes.min(), boxes.max()) == (0.0, 1.0)  # without the cut some boxes would reach beyond


def test_uint8_raw_holds_no_float(recipe: Recipe, models: Path) -> None:
    inputs, outputs, interpreter = open_file(models / "tflite" / "uint8_raw.tflite")
    assert dtypes(interpreter).isdisjoint({np.float16, np.float32, np.float64})
    assert [inputs["dtype"], *(details["dtype"] for details in outputs)] == [np.uint8] * 3
    cells = np.load(models / "tflite" / "anchors.npy")
    np.testing.assert_array_equal(cells, make_cells(recipe.model.input_size, recipe.model.strides))
    classes = len(recipe.dataset.classes)
    assert [details["shape"].tolist() for details in outputs] == [[1, len(cells), 4], [1, len(cells), classes]]


def test_sizes_shrink_down_the_ladder(models: Path) -> None:
    float32, float16, dynamic = ((models / "tflite" / f"{name}.tflite").stat().st_size for name in LADDER[:3])
    assert (models / "detector_uint8.tflite").stat().st_size < float16 < 0.6 * float32
    assert dynamic < float16


def test_the_runtimes_postprocessing_is_the_same_as_ours(detections: Callable[[str], Detections]) -> None:
    """The float file, with the runtime's suppression, has the same detections as the Keras model with ours."""
    keras_detections, file_detections = detections("float"), detections("float32")
    assert len(keras_detections.scores) > 0
    np.testing.assert_array_equal(np.bincount(keras_detections.picture), np.bincount(file_detections.picture))
    for index in range(len(file_detections.scores)):
        same = (
            (keras_detections.picture == file_detections.picture[index])
            & (keras_detections.classes == file_detections.classes[index])
            & np.isclose(keras_detections.scores, file_detections.scores[index], atol=1e-4)
            & np.isclose(keras_detections.boxes, file_detections.boxes[index], atol=0.1).all(axis=1)
        )
        assert same.any(), f"only the file finds {file_detections.boxes[index]}"


def test_raw_pixels_go_in(recipe: Recipe, models: Path, pictures: list[np.ndarray]) -> None:
    """On raw RGB pixels the integer file predicts what the fake-quantized Keras model predicts, to the rounding."""
    quantized = quantize(build_detector(recipe.model, len(recipe.dataset.classes)))
    quantized.load_weights(models / "qat" / "weights.h5")
    codes = quantized(normalize(pictures[0]))[0].numpy()
    file = models / "tflite" / "uint8_raw.tflite"

    def error(batch: np.ndarray) -> float:
        return float(np.abs(next(run_tflite(file, [batch]))[0] - codes).mean())

    assert error(pictures[0]) < 0.1 * codes.std()
    assert error(pictures[0][..., ::-1]) > 2 * error(pictures[0])  # the input is not BGR


def test_the_shipped_file_and_the_raw_one_are_one_network(
    recipe: Recipe, models: Path, pictures: list[np.ndarray], detections: Callable[[str], Detections]
) -> None:
    """All that the shipped file detects is among the raw one's boxes and scores, and the best of each picture is found.

    Two suppressions need not keep the same: integers often give several cells one score, and then the order decides.
    """
    assert len(detections("uint8").scores) == len(detections("uint8_raw").scores) > 0
    cells = make_cells(recipe.model.input_size, recipe.model.strides)
    shipped = run_tflite(variant_file(models, "uint8"), pictures)
    raw = run_tflite(variant_file(models, "uint8_raw"), pictures)
    for (boxes, classes, scores, counts), (codes, candidates) in zip(shipped, raw, strict=True):
        decoded = np.clip(decode_boxes(codes, cells), 0, 1)  # [N, A, 4]
        np.testing.assert_allclose(scores.max(axis=1), candidates.max(axis=(1, 2)), atol=1e-4)
        for picture, count in enumerate(counts.astype(int)):
            for index in range(count):
                of_class = candidates[picture][:, int(classes[picture, index])]  # [A]
                same = np.isclose(of_class, scores[picture, index], atol=1e-4)
                same &= np.isclose(decoded[picture], np.clip(boxes[picture, index], 0, 1), atol=1e-4).all(axis=1)
                assert same.any(), f"only the shipped file finds {boxes[picture, index]}"


def test_evaluation_json_keeps_its_contract(reproduced: Project, recipe: Recipe) -> None:
    reports = reproduced.folder / "reports" / "quickstart"
    evaluation = json.loads((reports / "evaluation.json").read_text())
    names = ["float", "control", "qat", *LADDER, "uint8", "uint8_raw"]
    assert evaluation["dataset"] == {
        "recipe": "quickstart",
        "task": "detection",
        "images": 6,
        "classes": list(recipe.dataset.classes),
    }
    assert list(evaluation["variants"]) == names
    for name, scores in evaluation["variants"].items():
        assert {"voc07_map", "voc12_map", "coco_map", "per_class"} <= set(scores)
        assert {"coco_map_small", "coco_map_medium", "coco_map_large"} <= set(scores)
        assert ("bytes" in scores) == (name not in ("float", "control", "qat"))
        assert all(set(values) == {"voc07_ap", "voc12_ap"} for values in scores["per_class"].values())
    for step in evaluation["ledger"]:
        assert set(step) == {"from", "to", "metric", "delta", "ci95"}
        assert step["from"] in names
        assert step["to"] in names
    steps = {(step["from"], step["to"], step["metric"]) for step in evaluation["ledger"]}
    assert steps == {(before, after, metric) for before, after in STEPS for metric in ("voc12_map", "coco_map")}
    assert {"max_drop", "drop", "min_score", "passed"} < set(evaluation["gate"])
    assert set(evaluation["gate"]["by_metric"]) == {"voc12_map", "coco_map"}
    shipped = evaluation["variants"]["uint8"]
    assert shipped["bytes"] == (reproduced.folder / "models/quickstart/detector_uint8.tflite").stat().st_size


def test_detections_can_be_scored_again(reproduced: Project, recipe: Recipe) -> None:
    records = reproduced.folder / "data" / "quickstart" / "records"
    truths = {truth.id: truth for truth in read_truths(records, "test")}
    results = json.loads((reproduced.folder / "reports/quickstart/detections/uint8.json").read_text())
    for result in results:
        assert set(result) == {"image_id", "category_id", "bbox", "score"}
        truth = truths[result["image_id"]]
        x, y, width, height = result["bbox"]
        assert 1 <= result["category_id"] <= len(recipe.dataset.classes)
        assert x >= 0
        assert y >= 0
        assert x + width <= truth.width + 0.02
        assert y + height <= truth.height + 0.02
