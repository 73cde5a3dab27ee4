"""Boxes round-trip, and every object finds an anchor."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from octet.detector import boxes as box_math
from octet.detector.anchors import anchors_per_cell, make_anchors
from octet.detector.matching import BACKGROUND, IGNORED, match, targets
from octet.detector.suppression import detect
from octet.recipe import Matching, Recipe, Suppression, load_recipe
from octet.tensorflow import tf

PARAMS = Path(__file__).parents[2] / "params.yaml"
HOW = Matching(positive_iou=0.5, negative_iou=0.4)


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return load_recipe("quickstart", PARAMS)


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
    classes = classes[:, 0]
    scores = tf.one_hot(classes, 6)[None] * 0.9
    how = Suppression(score_threshold=0.1, iou_threshold=0.5, max_detections=10)
    found, labels, _, count = (tensor.numpy()[0] for tensor in detect(codes[None, :, :4], scores, anchors, how))
    assert count == 2
    order = np.argsort(labels[:2])
    np.testing.assert_allclose(found[:2][order], boxes[::-1], atol=1e-5)
    assert labels[:2][order].tolist() == [1, 3]
    assert (codes[:, 4].numpy() == (classes.numpy() >= 0)).all()


def test_anchors_stand_in_the_order_of_the_networks_rows(recipe: Recipe) -> None:
    model = recipe.model
    anchors = make_anchors(model)
    per_cell, side = anchors_per_cell(model), model.input_size // model.strides[0]
    first_row = anchors[: per_cell * side].reshape(side, per_cell, 4)
    assert (first_row[:, :, 0] == 0.5 / side).all()
    np.testing.assert_allclose(first_row[:, 0, 1], (np.arange(side) + 0.5) / side)
    assert len(anchors) == per_cell * sum((model.input_size // stride) ** 2 for stride in model.strides)
