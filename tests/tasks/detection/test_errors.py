"""Kinds of errors on cases worked by hand, and what mending them is worth."""

import numpy as np
import pytest

from octet.tasks.detection.metric.average_precision import gather, mean_area, rank_all
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
    diagnose,
    found_by_size,
    gains,
)

DOG, CAT = 0, 1
SIDE = 100

# Of one picture: two dogs, a cat, and a difficult dog
BOXES = np.array([(0, 0, 20, 20), (40, 40, 20, 20), (70, 0, 20, 20), (0, 70, 20, 20)], float)
FIRST, SECOND, TOM, HARD = range(4)


def truth() -> Truth:
    x, y, width, height = BOXES.T
    corners = np.stack([y, x, y + height, x + width], axis=1) / SIDE
    is_hard = np.arange(4) == HARD
    return Truth("a", SIDE, SIDE, corners.astype(np.float32), np.array([DOG, DOG, CAT, DOG]), is_hard)


def found(*rows: tuple[int, float, tuple[float, ...]]) -> Detections:
    """Class, score, box."""
    classes, scores, boxes = zip(*rows, strict=True)
    return Detections(np.zeros(len(rows), int), np.array(classes), np.array(scores), np.array(boxes, float))


ALL_KINDS = found(
    (DOG, 0.90, (0, 0, 20, 20)),
    (DOG, 0.85, (1, 1, 20, 20)),  # again
    (DOG, 0.80, (70, 1, 20, 20)),  # the cat
    (DOG, 0.75, (50, 40, 20, 20)),  # a third of the second dog
    (CAT, 0.70, (20, 20, 5, 5)),  # nothing there
    (DOG, 0.65, (0, 71, 20, 20)),  # the difficult one
)


def test_kinds() -> None:
    diagnosis = diagnose(ALL_KINDS, gather([truth()]), 2)
    assert diagnosis.kinds.tolist() == [RIGHT, DUPLICATE, CLASS, LOCALISATION, BACKGROUND, IGNORED]
    assert diagnosis.objects.tolist() == [FIRST, FIRST, TOM, SECOND, NOTHING, HARD]
    assert diagnosis.found.tolist() == [True, False, False, False]


def test_what_is_mended_comes_back() -> None:
    objects = gather([truth()])
    diagnosis = diagnose(ALL_KINDS, objects, 2)
    found_gains = gains(ALL_KINDS, objects, diagnosis, 2)
    assert list(found_gains) == list(ERRORS)
    # Dogs score 1/2 (the first of two, best), cats nothing.
    assert mean_area(rank_all(ALL_KINDS, [truth()], ["dog", "cat"])) == pytest.approx(0.25)
    # The second dog is the fourth of the dogs' detections then: 1/2 + 1/2 * 2/4.
    assert found_gains[LOCALISATION] == pytest.approx((0.5 + 0.5 * 0.5) / 2 - 0.25)
    # The cat's detection comes before the one that means nothing.
    assert found_gains[CLASS] == pytest.approx((0.5 + 1) / 2 - 0.25)
    # Without it every dog detection after the first is still wrong, and what comes later costs nothing.
    assert found_gains[DUPLICATE] == found_gains[BACKGROUND] == 0.0
    # Nothing is missed that no detection means.
    assert found_gains[MISSED] == 0.0


def test_a_missed_one_costs_its_recall() -> None:
    seen = found((DOG, 0.9, (0, 0, 20, 20)), (CAT, 0.8, (70, 0, 20, 20)))
    objects = gather([truth()])
    diagnosis = diagnose(seen, objects, 2)
    assert gains(seen, objects, diagnosis, 2) == pytest.approx(
        {LOCALISATION: 0, CLASS: 0, DUPLICATE: 0, BACKGROUND: 0, MISSED: 0.25}
    )


def test_right_are_those_that_average_precision_counts() -> None:
    rng = np.random.default_rng(3)
    count = 300
    boxes = np.concatenate([rng.uniform(0, 80, (count, 2)), rng.uniform(10, 30, (count, 2))], axis=1)
    near = BOXES[rng.integers(0, 4, count)] + rng.normal(0, 3, (count, 4))
    boxes = np.where(rng.random((count, 1)) < 0.5, near, boxes)
    seen = Detections(np.sort(rng.integers(0, 5, count)), rng.integers(0, 2, count), rng.random(count), boxes)
    truths = [truth()] * 5
    kinds = diagnose(seen, gather(truths), 2).kinds
    ranked = rank_all(seen, truths, ["dog", "cat"])
    for class_, of in enumerate(ranked):
        chosen = seen.classes == class_
        assert (kinds[chosen] == RIGHT).sum() == of.right.sum() > 0
        assert (kinds[chosen] != IGNORED).sum() == len(of.right)


def test_no_detections() -> None:
    objects = gather([truth()])
    nothing = Detections(np.zeros(0, int), np.zeros(0, int), np.zeros(0), np.zeros((0, 4)))
    diagnosis = diagnose(nothing, objects, 2)
    assert not diagnosis.found.any()
    assert gains(nothing, objects, diagnosis, 2)[MISSED] == 0.0  # a curve of nothing is no score


def test_found_by_size() -> None:
    """Three count, all a fifth of the side, and two of them are found; smaller and larger there are none."""
    diagnosis = diagnose(found((DOG, 0.9, (0, 0, 20, 20)), (CAT, 0.8, (70, 0, 20, 20))), gather([truth()]), 2)
    small, medium, large = found_by_size(gather([truth()]), diagnosis, np.array([SIDE * SIDE]), (0.1, 0.5))
    assert medium == pytest.approx(2 / 3)
    assert np.isnan([small, large]).all()
