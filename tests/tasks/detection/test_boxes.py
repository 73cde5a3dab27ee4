"""Box codes decode to the boxes they were made of, in the file as well, and boxes overlap as their pixels do."""

from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from conftest import detection_recipe
from octet.common.tensorflow import keras, tf
from octet.recipe.detection import Recipe, Suppression
from octet.tasks.detection.learning.assignment import assign_cells
from octet.tasks.detection.network import boxes as box_math
from octet.tasks.detection.network.cells import make_cells
from octet.tasks.detection.network.model import build_detector
from octet.tasks.detection.network.suppression import suppress
from octet.tasks.detection.shipping.graphs import EMPTY_CLASSES, trace_detector
from octet.tflite.files.conversion import to_float


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return detection_recipe()


def random_boxes(rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    corner = rng.uniform(0, 0.8, (count, 2))
    return np.concatenate([corner, corner + rng.uniform(0.02, 0.2, (count, 2))], axis=1).astype(np.float32)


def codes_of(boxes: NDArray[np.float32], cells: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a network would have to say [..., 4] for boxes [..., 4] as corners, at cells [..., 4] as centre and size."""
    centre, sides = (boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]
    place, size = (centre - cells[..., :2]) / cells[..., 2:], np.log(np.maximum(sides, 1e-6) / cells[..., 2:])
    return np.concatenate([10 * place, 5 * size], axis=-1).astype(np.float32)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 30))
def test_the_codes_of_boxes_decode_to_these(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    boxes, cells = random_boxes(rng, count), rng.uniform(0.02, 0.9, (count, 4)).astype(np.float32)
    decoded = box_math.decode_boxes(codes_of(boxes, cells), cells).numpy()
    np.testing.assert_allclose(decoded, boxes, atol=1e-5)


def test_overlap_by_hand() -> None:
    boxes = np.array([[0, 0, 1, 1], [0, 0, 0.5, 0.5], [0.6, 0.6, 0.6, 0.6]], np.float32)
    others = np.array([[0, 0, 0.5, 1], [0.5, 0.5, 1, 1]], np.float32)
    by_hand = np.array([[0.5, 0.25], [0.5, 0], [0, 0]])
    np.testing.assert_allclose(box_math.iou_matrix(boxes, others).numpy(), by_hand, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_overlap_is_that_of_the_pixels(seed: int) -> None:
    """The overlap of boxes equals the one counted in cells of a grid that their corners lie on."""
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 20, (2, 4, 2))
    boxes = np.concatenate([corners.min(axis=0), corners.max(axis=0) + 1], axis=1)  # [4, 4] in whole pixels
    drawn = np.zeros((4, 21, 21), bool)
    for mask, (top, left, bottom, right) in zip(drawn, boxes, strict=True):
        mask[top:bottom, left:right] = True
    shared = (drawn[:, None] & drawn[None]).sum(axis=(2, 3))
    either = (drawn[:, None] | drawn[None]).sum(axis=(2, 3))
    scaled = (boxes / 21).astype(np.float32)
    overlap = box_math.iou_matrix(scaled, scaled).numpy()
    np.testing.assert_allclose(overlap, shared / either, atol=1e-5)


def test_a_box_of_no_area_overlaps_nothing() -> None:
    boxes = np.array([[0.5, 0.5, 0.5, 0.5], [0.2, 0.2, 0.8, 0.2], [0.8, 0.8, 0.2, 0.2]], np.float32)
    assert not box_math.iou_matrix(boxes, boxes).numpy().any()


def test_what_cells_that_predict_their_objects_say_are_the_objects(recipe: Recipe) -> None:
    cells = make_cells(recipe.model.input_size, recipe.model.strides)
    boxes = np.array([[[0.1, 0.2, 0.5, 0.6], [0.4, 0.5, 0.95, 0.9]]], np.float32)
    predicted = box_math.centre_to_corners(cells)[None]
    logits = tf.zeros((1, len(cells), 6))
    assigned = assign_cells(boxes, np.array([[3, 1]]), predicted, logits, cells, recipe.train_float.assignment)
    codes = codes_of(assigned.boxes.numpy(), cells)
    suppression = Suppression(score_threshold=0.1, iou_threshold=0.5, max_detections=10)
    detections = suppress(codes, tf.one_hot(assigned.classes, 6) * 0.9, cells, suppression)
    found, labels, _, count = (tensor.numpy()[0] for tensor in detections)
    assert count == 2
    order = np.argsort(labels[:2])
    np.testing.assert_allclose(found[:2][order], boxes[0, ::-1], atol=1e-5)
    assert labels[:2][order].tolist() == [1, 3]


def test_cells_stand_in_the_order_of_the_networks_rows(recipe: Recipe) -> None:
    model = recipe.model
    cells, side = make_cells(model.input_size, model.strides), model.input_size // model.strides[0]
    assert (cells[:side, 0] == 0.5 / side).all()
    np.testing.assert_allclose(cells[:side, 1], (np.arange(side) + 0.5) / side)
    assert len(cells) == sum((model.input_size // stride) ** 2 for stride in model.strides)
    assert build_detector(model, 3).output_shape == [(None, len(cells), 4), (None, len(cells), 3)]


def test_the_runtimes_operator_decodes_and_suppresses_as_we_do(recipe: Recipe, tmp_path: Path) -> None:
    """The operator is in a file that takes the predictions themselves as its picture, beside the network's cells."""
    rng, classes = np.random.default_rng(1), 3
    cells = make_cells(recipe.model.input_size, (16, 32))
    suppression = Suppression(score_threshold=0.3, iou_threshold=0.4, max_detections=200)
    predictions = keras.Input((len(cells), 4 + classes, 1))
    rows = keras.layers.Reshape((len(cells), 4 + classes))(predictions)
    heads = keras.Model(predictions, [rows[..., :4], rows[..., 4:]])
    file = tmp_path / "operator.tflite"
    file.write_bytes(to_float(trace_detector(heads, cells, suppression)))
    interpreter = Interpreter(str(file))
    interpreter.allocate_tensors()
    values = rng.normal(0, 1.5, (1, len(cells), 4 + classes, 1)).astype(np.float32)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
    interpreter.invoke()
    theirs = [interpreter.get_tensor(output["index"])[0] for output in interpreter.get_output_details()]
    codes, logits = values[..., :4, 0], values[..., 4:, 0]
    ours = [tensor.numpy()[0] for tensor in suppress(codes, tf.sigmoid(logits), cells, suppression)]
    count = int(ours[3])
    assert 20 < count == theirs[3] < 200
    np.testing.assert_allclose(theirs[2][:count], ours[2][:count], atol=1e-6)
    np.testing.assert_array_equal(theirs[1][:count] - EMPTY_CLASSES, ours[1][:count])
    np.testing.assert_allclose(theirs[0][:count], ours[0][:count], atol=1e-5)
