"""Boxes round-trip, and every object finds an anchor."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from conftest import detection_recipe
from octet.common.tensorflow import tf
from octet.recipe.detection import Matching, Recipe, Suppression
from octet.tasks.detection.learning.matching import BACKGROUND, IGNORED, match, targets
from octet.tasks.detection.network import boxes as box_math
from octet.tasks.detection.network.anchors import make_anchors
from octet.tasks.detection.network.model import build_detector
from octet.tasks.detection.network.suppression import detect
from octet.tasks.detection.proposing.recall import recall_by_size, recall_table

HOW = Matching(positive_iou=0.5, negative_iou=0.4)


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return detection_recipe()


def random_boxes(rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    corner = rng.uniform(0, 0.8, (count, 2))
    return np.concatenate([corner, corner + rng.uniform(0.02, 0.2, (count, 2))], axis=1).astype(np.float32)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 30))
def test_what_is_encoded_decodes_to_itself(seed: int, count: int) -> None:
    boxes = random_boxes(np.random.default_rng(seed), count)
    anchors = box_math.to_centre(random_boxes(np.random.default_rng(seed + 1), count))
    decoded = box_math.decode(box_math.encode(boxes, anchors), anchors).numpy()
    np.testing.assert_allclose(decoded, boxes, atol=1e-5)


def test_overlap_by_hand() -> None:
    boxes = np.array([[0, 0, 1, 1], [0, 0, 0.5, 0.5], [0.6, 0.6, 0.6, 0.6]], np.float32)
    others = np.array([[0, 0, 0.5, 1], [0.5, 0.5, 1, 1]], np.float32)
    by_hand = np.array([[0.5, 0.25], [0.5, 0], [0, 0]])
    np.testing.assert_allclose(box_math.iou(boxes, others).numpy(), by_hand, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_overlap_is_that_of_the_pixels(seed: int) -> None:
    """Counted on a grid that the boxes' corners lie on."""
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 20, (2, 4, 2))
    boxes = np.concatenate([corners.min(axis=0), corners.max(axis=0) + 1], axis=1)  # [4, 4] in whole pixels
    drawn = np.zeros((4, 21, 21), bool)
    for mask, (top, left, bottom, right) in zip(drawn, boxes, strict=True):
        mask[top:bottom, left:right] = True
    shared = (drawn[:, None] & drawn[None]).sum(axis=(2, 3))
    either = (drawn[:, None] | drawn[None]).sum(axis=(2, 3))
    scaled = (boxes / 21).astype(np.float32)
    overlap = box_math.iou(scaled, scaled).numpy()
    np.testing.assert_allclose(overlap, shared / either, atol=1e-5)
    round_trip = box_math.to_corners(box_math.to_centre(scaled)).numpy()
    np.testing.assert_allclose(round_trip, scaled, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 20))
def test_every_object_gets_an_anchor_and_no_anchor_two(seed: int, count: int) -> None:
    boxes = random_boxes(np.random.default_rng(seed), count)
    anchors = box_math.to_centre(random_boxes(np.random.default_rng(seed + 1), 40)).numpy()
    matched = match(tf.constant(boxes), tf.constant(anchors), HOW).numpy()
    overlap = box_math.iou(boxes, box_math.to_corners(anchors)).numpy()
    assert set(range(count)) <= set(matched[matched >= 0])
    if count:
        best = overlap.max(axis=0)
        forced = [(matched == index).any() for index in range(count)]
        assert all(forced)
        # Where no object claims the anchor for its own, the thresholds decide.
        assert not ((matched == BACKGROUND) & (best >= HOW.negative_iou)).any()
        assert not ((matched == IGNORED) & ((best < HOW.negative_iou) | (best >= HOW.positive_iou))).any()
        owner, anchor = np.unravel_index(overlap.argmax(), overlap.shape)
        assert matched[anchor] == owner
    else:
        assert (matched == BACKGROUND).all()


def test_two_objects_in_one_place_get_two_anchors() -> None:
    anchors = np.array([[0.5, 0.5, 0.4, 0.4], [0.5, 0.5, 0.2, 0.2], [0.1, 0.1, 0.1, 0.1]], np.float32)
    boxes = np.array([[0.3, 0.3, 0.7, 0.7], [0.3, 0.3, 0.7, 0.7]], np.float32)
    matched = match(tf.constant(boxes), tf.constant(anchors), HOW).numpy()
    assert sorted(matched[:2]) == [0, 1]


def test_targets_decode_to_the_objects(recipe: Recipe) -> None:
    anchors = make_anchors(recipe.model)
    boxes = np.array([[0.1, 0.2, 0.5, 0.6], [0.4, 0.5, 0.95, 0.9]], np.float32)
    codes, classes = targets(tf.constant(boxes), tf.constant([3, 1], tf.int64), anchors, recipe.train_float.matching)
    scores = tf.one_hot(classes, 6)[None] * 0.9
    how = Suppression(score_threshold=0.1, iou_threshold=0.5, max_detections=10)
    found, labels, _, count = (tensor.numpy()[0] for tensor in detect(codes[None], scores, anchors, how))
    assert count == 2
    order = np.argsort(labels[:2])
    np.testing.assert_allclose(found[:2][order], boxes[::-1], atol=1e-5)
    assert labels[:2][order].tolist() == [1, 3]
    assert (codes.numpy()[classes.numpy() < 0] == 0).all()


def test_anchors_stand_in_the_order_of_the_networks_rows(recipe: Recipe) -> None:
    model = recipe.model
    anchors = make_anchors(model)
    per_cell, side = model.levels[0].anchors, model.input_size // model.levels[0].stride
    first_row = anchors[: per_cell * side].reshape(side, per_cell, 4)
    assert (first_row[:, :, 0] == 0.5 / side).all()
    np.testing.assert_allclose(first_row[:, 0, 1], (np.arange(side) + 0.5) / side)
    assert len(anchors) == sum(level.anchors * (model.input_size // level.stride) ** 2 for level in model.levels)
    assert build_detector(model, 3).output_shape == [(None, len(anchors), 4), (None, len(anchors), 3)]


def test_recall_tells_sizes_apart() -> None:
    """Of three objects of 10 px and two of 100, one and two are met by an anchor."""
    small = [[0.1, 0.1, 0.2, 0.2], [0.5, 0.5, 0.6, 0.6], [0.7, 0.1, 0.8, 0.2]]
    large = [[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.8]]
    anchors = np.array([[0.15, 0.15, 0.1, 0.1], [0.5, 0.5, 1.0, 1.0]], np.float32)
    rows = recall_by_size(np.array(small + large, np.float32), anchors, 100)
    assert [(row.up_to, row.objects, row.found) for row in rows] == [(16, 3, 1), (np.inf, 2, 2)]
    assert rows[1].overlap == pytest.approx(0.9)
    assert recall_table(rows).splitlines()[-1].split()[:3] == ["all", "5", "0.600"]
