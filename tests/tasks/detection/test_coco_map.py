"""COCO's average precision is the one that pycocotools computes, of all objects, by size, and on resamples."""

import contextlib
import io
from itertools import chain

import numpy as np
import pytest
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from octet.tasks.detection.metric.average_precision import Objects
from octet.tasks.detection.metric.detections import Detections
from octet.tasks.detection.scoring.coco import recalls_reached
from octet.tasks.detection.scoring.resampling import resampled_map
from octet.tasks.detection.scoring.scores import compute_scores, match_every_way

SIDE = 300
CLASSES = 4
SCORES = ("coco_map", "coco_map_75", "coco_map_small", "coco_map_medium", "coco_map_large")


class _WithDifficult(COCOeval):
    """pycocotools' evaluation, in which difficult objects are ignored."""

    def _prepare(self) -> None:
        super()._prepare()
        for objects in self._gts.values():
            for object_ in objects:
                object_["ignore"] = object_["difficult"]


def pycocotools_scores(detections: Detections, objects: Objects) -> list[float | None]:
    """The scores that are named in SCORES; None where pycocotools has nothing to score."""
    described = [
        {
            "id": number,
            "image_id": int(picture),
            "category_id": int(class_) + 1,
            "bbox": box.tolist(),
            "area": float(box[2] * box[3]),
            "iscrowd": 0,
            "difficult": int(difficult),
        }
        for number, (picture, class_, difficult, box) in enumerate(
            zip(objects.picture, objects.classes, objects.difficult, objects.boxes, strict=True), start=1
        )
    ]
    results = [
        {"image_id": int(picture), "category_id": int(class_) + 1, "bbox": box.tolist(), "score": float(score)}
        for picture, class_, box, score in zip(
            detections.picture, detections.classes, detections.boxes, detections.scores, strict=True
        )
    ]
    with contextlib.redirect_stdout(io.StringIO()):  # it prints what it does
        truth = COCO()
        truth.dataset = {
            "info": {},
            "images": [{"id": picture} for picture in range(objects.pictures)],
            "annotations": described,
            "categories": [{"id": class_ + 1} for class_ in range(CLASSES)],
        }
        truth.createIndex()
        evaluation = _WithDifficult(truth, truth.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    overall, _, at_75, small, medium, large = evaluation.stats[:6]
    return [None if score == -1 else float(score) for score in (overall, at_75, small, medium, large)]


def random_case(seed: int, pictures: int, strays: int) -> tuple[Detections, Objects]:
    """Objects of all sizes, some difficult, detections near them, some doubled or of another class, and strays.

    The last class has no object, and every third picture nothing at all. Odd seeds round everything, which makes ties.
    """
    random = np.random.default_rng(seed)
    picture = np.repeat(np.arange(pictures), random.poisson(5, pictures) * (np.arange(pictures) % 3 > 0))
    sides = np.exp(random.uniform(np.log(8), np.log(200), (len(picture), 2)))
    boxes = np.concatenate([random.uniform(0, SIDE - sides), sides], axis=1)
    classes = random.integers(0, CLASSES - 1, len(picture))
    found = np.repeat(np.arange(len(picture)), random.integers(0, 4, len(picture)))
    moved = boxes[found] + random.normal(0, 0.07, (len(found), 4)) * np.tile(sides[found], 2)
    lost = np.concatenate([random.uniform(0, SIDE / 2, (strays, 2)), random.uniform(8, 140, (strays, 2))], axis=1)
    other = random.random(len(found)) < 0.1
    scores = random.random(len(found) + strays)
    rounded = seed % 2
    detections = Detections(
        picture=np.concatenate([picture[found], random.integers(0, pictures, strays)]),
        classes=np.concatenate([np.where(other, CLASSES - 1, classes[found]), random.integers(0, CLASSES, strays)]),
        scores=scores.round(1) if rounded else scores,
        boxes=np.concatenate([moved, lost]).round(-1 if rounded else 2),
    )
    objects = Objects(picture, classes, random.random(len(picture)) < 0.2, boxes.round(-1 if rounded else 2), pictures)
    order = np.argsort(detections.picture, kind="stable")
    return choose(detections, order), objects


def choose(detections: Detections, rows: NDArray[np.int64]) -> Detections:
    """The detections in these rows of the table."""
    return Detections(
        detections.picture[rows], detections.classes[rows], detections.scores[rows], detections.boxes[rows]
    )


def repeat_pictures(detections: Detections, objects: Objects, times: NDArray[np.int64]) -> tuple[Detections, Objects]:
    """The set that has each picture so many times, each time as another picture."""
    originals = np.repeat(np.arange(len(times)), times)
    found = [np.flatnonzero(detections.picture == original) for original in originals]
    there = [np.flatnonzero(objects.picture == original) for original in originals]
    rows, places = np.concatenate(found), np.concatenate(there)
    repeated = choose(detections, rows)
    return (
        Detections(renumbered(found), repeated.classes, repeated.scores, repeated.boxes),
        Objects(
            renumbered(there), objects.classes[places], objects.difficult[places], objects.boxes[places], len(originals)
        ),
    )


def renumbered(by_picture: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.repeat(np.arange(len(by_picture)), [len(rows) for rows in by_picture])


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(("pictures", "strays"), [(5, 30), (40, 400), (3, 1500)], ids=["few", "many", "more than 100"])
def test_it_is_what_pycocotools_computes(seed: int, pictures: int, strays: int) -> None:
    detections, objects = random_case(seed, pictures, strays)
    scores = compute_scores(match_every_way(detections, objects, CLASSES), [*"abcd"])
    expected = pycocotools_scores(detections, objects)
    assert [scores[name] for name in SCORES] == [None if score is None else round(score, 5) for score in expected]


@pytest.mark.parametrize("seed", range(0, 12, 2))
def test_a_resample_scores_what_pycocotools_scores_with_pictures_repeated(seed: int) -> None:
    """Without ties, whose order in a set where a whole picture comes twice is another."""
    detections, objects = random_case(seed, 12, 150)
    draws = np.ones((12, 3), np.float32)
    draws[4, 0] = 2
    draws[:, 1] = np.random.default_rng(seed).multinomial(12, [1 / 12] * 12)
    matched = match_every_way(detections, objects, CLASSES)
    resampled = resampled_map([*chain(*matched.coco)], draws, recalls_reached)
    for times, score in zip(draws.T, resampled, strict=True):
        repeated = repeat_pictures(detections, objects, times.astype(int))
        assert score == pytest.approx(pycocotools_scores(*repeated)[0], abs=1e-6)


def test_nothing_to_find_and_nothing_found() -> None:
    detections, objects = random_case(0, 6, 20)
    nothing = Objects(np.zeros(0, int), np.zeros(0, int), np.zeros(0, bool), np.zeros((0, 4)), objects.pictures)
    scores = compute_scores(match_every_way(detections, nothing, CLASSES), [*"abcd"])
    assert [scores[name] for name in SCORES] == [0.0, 0.0, None, None, None]
    silent = choose(detections, np.zeros(0, np.int64))
    scores = compute_scores(match_every_way(silent, objects, CLASSES), [*"abcd"])
    assert [scores[name] for name in SCORES] == [0.0] * 5


def test_difficult_objects_are_ignored_with_one_detection_each() -> None:
    boxes = np.array([[0, 0, 50, 50], [100, 100, 50, 50]], float)
    objects = Objects(np.zeros(2, int), np.zeros(2, int), np.array([True, False]), boxes, 1)

    def coco_map(*rows: int) -> float:
        scores = np.linspace(1, 0.5, len(rows))
        found = Detections(np.zeros(len(rows), int), np.zeros(len(rows), int), scores, boxes[[*rows]])
        return float(compute_scores(match_every_way(found, objects, 1), ["a"])["coco_map"])

    assert coco_map(0, 1) == 1.0
    assert coco_map(0, 0, 1) == 0.5
