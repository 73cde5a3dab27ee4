"""Kinds of errors and the gains of mending them agree with cases worked by hand."""

import numpy as np
import pytest

from octet.tasks.detection.metric.average_precision import mean_average_precision, rank_by_class, tabulate_objects
from octet.tasks.detection.metric.detections import Detections
from octet.tasks.detection.metric.truths import Truth
from octet.tasks.detection.showing.errors import (
    BACKGROUND,
    CLASS,
    DUPLICATE,
    ERRORS,
    IGNORED,
    LOCALISATION,
    MISSED,
    NOTHING,
    RIGHT,
    classify_errors,
    found_share_by_size,
    gains,
)

DOG, CAT = 0, 1
SIDE = 100

# The objects of the picture: two dogs, a cat, and a difficult dog
BOXES = np.array([(0, 0, 20, 20), (40, 40, 20, 20), (70, 0, 20, 20), (0, 70, 20, 20)], float)
FIRST, SECOND, TOM, HARD = range(4)


def make_truth() -> Truth:
    x, y, width, height = BOXES.T
    corners = np.stack([y, x, y + height, x + width], axis=1) / SIDE
    is_hard = np.arange(4) == HARD
    return Truth("a", SIDE, SIDE, corners.astype(np.float32), np.array([DOG, DOG, CAT, DOG]), is_hard)


def make_detections(*rows: tuple[int, float, tuple[float, ...]]) -> Detections:
    """Detections in the first picture, from rows of class, score and box."""
    classes, scores, boxes = zip(*rows, strict=True)
    return Detections(np.zeros(len(rows), int), np.array(classes), np.array(scores), np.array(boxes, float))


ALL_KINDS = make_detections(
    (DOG, 0.90, (0, 0, 20, 20)),
    (DOG, 0.85, (1, 1, 20, 20)),  # the first dog again
    (DOG, 0.80, (70, 1, 20, 20)),  # the cat, as a dog
    (DOG, 0.75, (50, 40, 20, 20)),  # overlaps the second dog by a third
    (CAT, 0.70, (20, 20, 5, 5)),  # nothing there
    (DOG, 0.65, (0, 71, 20, 20)),  # the difficult dog
)


def test_kinds() -> None:
    diagnosis = classify_errors(ALL_KINDS, tabulate_objects([make_truth()]), 2)
    assert diagnosis.kinds.tolist() == [RIGHT, DUPLICATE, CLASS, LOCALISATION, BACKGROUND, IGNORED]
    assert diagnosis.objects.tolist() == [FIRST, FIRST, TOM, SECOND, NOTHING, HARD]
    assert diagnosis.found.tolist() == [True, False, False, False]


def test_gains_of_mending() -> None:
    objects = tabulate_objects([make_truth()])
    diagnosis = classify_errors(ALL_KINDS, objects, 2)
    found_gains = gains(ALL_KINDS, objects, diagnosis, 2)
    assert list(found_gains) == list(ERRORS)
    # Dogs score 1/2 (the first of two, best), cats nothing.
    assert mean_average_precision(rank_by_class(ALL_KINDS, [make_truth()], ["dog", "cat"])) == pytest.approx(0.25)
    # The second dog is the fourth of the dogs' detections then: 1/2 + 1/2 * 2/4.
    assert found_gains[LOCALISATION] == pytest.approx((0.5 + 0.5 * 0.5) / 2 - 0.25)
    # The cat's detection comes before the one that means nothing.
    assert found_gains[CLASS] == pytest.approx((0.5 + 1) / 2 - 0.25)
    # Without it every dog detection after the first is still wrong, and what comes later costs nothing.
    assert found_gains[DUPLICATE] == found_gains[BACKGROUND] == 0.0
    # Nothing is missed that no detection means.
    assert found_gains[MISSED] == 0.0


def test_a_missed_object_costs_its_recall() -> None:
    detections = make_detections((DOG, 0.9, (0, 0, 20, 20)), (CAT, 0.8, (70, 0, 20, 20)))
    objects = tabulate_objects([make_truth()])
    diagnosis = classify_errors(detections, objects, 2)
    assert gains(detections, objects, diagnosis, 2) == pytest.approx(
        {LOCALISATION: 0, CLASS: 0, DUPLICATE: 0, BACKGROUND: 0, MISSED: 0.25}
    )


def test_right_detections_are_those_that_average_precision_counts() -> None:
    rng = np.random.default_rng(3)
    count = 300
    boxes = np.concatenate([rng.uniform(0, 80, (count, 2)), rng.uniform(10, 30, (count, 2))], axis=1)
    beside_objects = BOXES[rng.integers(0, 4, count)] + rng.normal(0, 3, (count, 4))
    boxes = np.where(rng.random((count, 1)) < 0.5, beside_objects, boxes)
    detections = Detections(np.sort(rng.integers(0, 5, count)), rng.integers(0, 2, count), rng.random(count), boxes)
    truths = [make_truth()] * 5
    kinds = classify_errors(detections, tabulate_objects(truths), 2).kinds
    ranked_by_class = rank_by_class(detections, truths, ["dog", "cat"])
    for class_, ranked in enumerate(ranked_by_class):
        chosen = detections.classes == class_
        assert (kinds[chosen] == RIGHT).sum() == ranked.correct.sum() > 0
        assert (kinds[chosen] != IGNORED).sum() == len(ranked.correct)


def test_no_detections() -> None:
    objects = tabulate_objects([make_truth()])
    nothing = Detections(np.zeros(0, int), np.zeros(0, int), np.zeros(0), np.zeros((0, 4)))
    diagnosis = classify_errors(nothing, objects, 2)
    assert not diagnosis.found.any()
    assert gains(nothing, objects, diagnosis, 2)[MISSED] == 0.0  # a curve of nothing is no score


def test_found_by_size() -> None:
    """Three objects count, all a fifth of the side, and two are found; there are no smaller and no larger ones."""
    diagnosis = classify_errors(
        make_detections((DOG, 0.9, (0, 0, 20, 20)), (CAT, 0.8, (70, 0, 20, 20))), tabulate_objects([make_truth()]), 2
    )
    small, medium, large = found_share_by_size(
        tabulate_objects([make_truth()]), diagnosis, np.array([SIDE * SIDE]), (0.1, 0.5)
    )
    assert medium == pytest.approx(2 / 3)
    assert np.isnan([small, large]).all()
