"""Average precision agrees with cases worked by hand, and with a second, slower implementation."""

import numpy as np
import pytest

from octet.measuring.bootstrap import draw_resamples
from octet.measuring.ledger import compute_ledger
from octet.tasks.detection.metric.average_precision import (
    RankedDetections,
    area_under_curve,
    eleven_point_mean,
    mean_average_precision,
    precision_recall,
    rank_by_class,
    rank_detections,
    tabulate_objects,
)
from octet.tasks.detection.metric.detections import Detections
from octet.tasks.detection.metric.truths import Truth
from octet.tasks.detection.scoring.resampling import resampled_map

SIDE = 100


def make_truth(*boxes: tuple[float, ...], difficult: tuple[int, ...] = (), classes: tuple[int, ...] = ()) -> Truth:
    """The ground truth of a picture of 100 px, from boxes given as x, y, width, height."""
    x, y, width, height = np.array(boxes, np.float32).reshape(-1, 4).T
    return Truth(
        id="a",
        width=SIDE,
        height=SIDE,
        boxes=(np.stack([y, x, y + height, x + width], axis=1) / SIDE).astype(np.float32),
        classes=np.array(classes or [0] * len(boxes)),
        difficult=np.isin(np.arange(len(boxes)), difficult),
    )


def make_detections(*rows: tuple[int, float, tuple[float, float, float, float]]) -> Detections:
    """Detections of class 0, from rows of picture, score and box."""
    return Detections(
        picture=np.array([row[0] for row in rows], np.int64),
        classes=np.zeros(len(rows), np.int64),
        scores=np.array([row[1] for row in rows], np.float64),
        boxes=np.array([row[2] for row in rows], np.float64).reshape(-1, 4),
    )


A, B = (0.0, 0.0, 10.0, 10.0), (50.0, 50.0, 20.0, 20.0)
NOWHERE = (30.0, 0.0, 10.0, 10.0)
ROW = tuple((10.0 * place, 80.0, 8.0, 8.0) for place in range(10))


@pytest.mark.parametrize(
    ("truths", "detections", "voc12", "voc07"),
    [
        pytest.param([make_truth(A)], make_detections((0, 0.9, A)), 1.0, 1.0, id="found"),
        pytest.param([make_truth(A)], make_detections(), 0.0, 0.0, id="nothing found"),
        pytest.param([make_truth(A)], make_detections((0, 0.9, NOWHERE)), 0.0, 0.0, id="wrong place"),
        pytest.param([make_truth(A, B)], make_detections((0, 0.9, A)), 0.5, 6 / 11, id="one of two"),
        pytest.param([make_truth(A)], make_detections((0, 0.9, NOWHERE), (0, 0.8, A)), 0.5, 0.5, id="wrong one first"),
        pytest.param(
            [make_truth(A, B)],
            make_detections((0, 0.9, A), (0, 0.8, A), (0, 0.7, B)),
            5 / 6,
            (6 + 5 * 2 / 3) / 11,
            id="doubled",
        ),
        pytest.param(
            [make_truth(A, B, difficult=(0,))],
            make_detections((0, 0.9, A), (0, 0.8, A), (0, 0.7, B)),
            1.0,
            1.0,
            id="difficult",
        ),
        pytest.param(
            [make_truth(A), make_truth()], make_detections((1, 0.9, A), (0, 0.8, A)), 0.5, 0.5, id="other picture"
        ),
        pytest.param(
            [make_truth(*ROW)], make_detections(*((0, 0.9, box) for box in ROW[:3])), 0.3, 4 / 11, id="three of ten"
        ),
        pytest.param(
            [make_truth(A)], make_detections((0, 0.9, (0, 0, 10, 5))), 1.0, 1.0, id="overlap of exactly a half"
        ),
        pytest.param(
            [make_truth(A)], make_detections((0, 0.9, (0, 0, 10, 4.9))), 0.0, 0.0, id="overlap of less than a half"
        ),
    ],
)
def test_by_hand(truths: list[Truth], detections: Detections, voc12: float, voc07: float) -> None:
    curve = precision_recall(rank_detections(detections, tabulate_objects(truths), 0))
    assert float(area_under_curve(curve)) == pytest.approx(voc12)
    assert float(eleven_point_mean(curve)) == pytest.approx(voc07)


def random_case(seed: int) -> tuple[list[Truth], Detections]:
    """Pictures with random objects, some difficult, and detections near objects, some repeated, and elsewhere."""
    rng = np.random.default_rng(seed)
    truths, rows = [], []
    for picture in range(12):
        boxes = [tuple(rng.uniform([0, 0, 8, 8], [70, 70, 30, 30])) for _ in range(rng.integers(0, 5))]
        truths.append(make_truth(*boxes, difficult=tuple(np.flatnonzero(rng.random(len(boxes)) < 0.3))))
        for box in boxes:
            for _ in range(rng.integers(0, 4)):
                rows.append((picture, float(rng.random()), tuple(np.array(box) + rng.normal(0, 2.5, 4))))
        rows.append((picture, float(rng.random()), tuple(rng.uniform([0, 0, 8, 8], [70, 70, 30, 30]))))
    return truths, make_detections(*rows)


def slow_average_precision(truths: list[Truth], detections: Detections) -> float:
    """VOC2012's average precision, computed one detection after the other in Python's own numbers."""
    taken: set[tuple[int, int]] = set()
    correct = wrong = 0
    points: list[tuple[float, float]] = []
    objects = sum(int((~truth.difficult).sum()) for truth in truths)
    for index in sorted(range(len(detections.scores)), key=lambda i: -detections.scores[i]):
        picture = int(detections.picture[index])
        x, y, width, height = (float(side) for side in detections.boxes[index])
        best, best_object = 0.0, -1
        for number, (top, left, bottom, right) in enumerate((truths[picture].boxes.astype(float) * SIDE).tolist()):
            shared_width = max(0.0, min(x + width, right) - max(x, left))
            shared_height = max(0.0, min(y + height, bottom) - max(y, top))
            shared = shared_width * shared_height
            overlap = shared / (width * height + (right - left) * (bottom - top) - shared)
            if overlap > best:
                best, best_object = overlap, number
        if best >= 0.5 and truths[picture].difficult[best_object]:
            continue
        if best >= 0.5 and (picture, best_object) not in taken:
            taken.add((picture, best_object))
            correct += 1
        else:
            wrong += 1
        points.append((correct / objects, correct / (correct + wrong)))
    total = previous = 0.0
    for position, (recall, _) in enumerate(points):
        total += (recall - previous) * max(precision for _, precision in points[position:])
        previous = recall
    return total


@pytest.mark.parametrize("seed", range(8))
def test_against_a_second_implementation(seed: int) -> None:
    truths, detections = random_case(seed)
    ours = float(area_under_curve(precision_recall(rank_detections(detections, tabulate_objects(truths), 0))))
    assert ours == pytest.approx(slow_average_precision(truths, detections), abs=1e-9)


def test_a_class_without_objects_does_not_count() -> None:
    truths = [make_truth(A, classes=(0,))]
    assert (
        float(mean_average_precision(rank_by_class(make_detections((0, 0.9, A)), truths, ["there", "absent"]))) == 1.0
    )


def test_the_ledger_tells_steps_apart() -> None:
    truths = [make_truth(A, B) for _ in range(20)]

    def rank_hits(hits: int) -> list[RankedDetections]:
        rows = [(picture, 0.9, box) for picture in range(hits) for box in (A, B)]
        return rank_by_class(make_detections(*rows), truths, ["thing"])

    names = ("float", "control", "qat", "float32", "float16", "dynamic", "int8_ptq", "uint8", "uint8_raw")
    by_variant = {name: rank_hits(10 if name == "int8_ptq" else 20) for name in names}
    draws = draw_resamples(len(truths), 100, seed=1)
    steps = compute_ledger(
        ["voc12_map"],
        {name: {"voc12_map": mean_average_precision(ranked)} for name, ranked in by_variant.items()},
        {
            name: {"voc12_map": resampled_map(ranked, draws, lambda recall: recall)}
            for name, ranked in by_variant.items()
        },
    )
    by_name = {(step.before, step.after): step for step in steps}
    assert (by_name["float", "uint8"].delta, by_name["float", "uint8"].ci95) == (0.0, (0.0, 0.0))
    assert by_name["float", "int8_ptq"].delta == -0.5
    low, high = by_name["float", "int8_ptq"].ci95
    assert low < -0.5 < high < 0
