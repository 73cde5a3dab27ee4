"""A resample's score is that of a set in which each picture is repeated as often as it was drawn."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from octet.measuring.bootstrap import draw_resamples
from octet.tasks.detection.metric.average_precision import RankedDetections, mean_average_precision
from octet.tasks.detection.scoring.coco import coco_mean, recalls_reached
from octet.tasks.detection.scoring.resampling import ShareReached, resampled_map

PICTURES = 30


def area(recall: np.ndarray) -> np.ndarray:
    """VOC2012 averages the precision over all recalls."""
    return recall


METRICS = {"voc12_map": (mean_average_precision, area), "coco_map": (coco_mean, recalls_reached)}


def random_ranking(seed: int, detections: int = 200) -> RankedDetections:
    """Detections in pictures in a random order, a fifth of them correct."""
    random = np.random.default_rng(seed)
    return RankedDetections(
        correct=random.random(detections) < 0.2,
        picture=random.integers(0, PICTURES, detections),
        objects=random.integers(0, 4, PICTURES),
    )


def repeat_pictures(ranked: RankedDetections, repeats: np.ndarray) -> RankedDetections:
    """The ranking of a set that has each picture `repeats` times, each time as another picture."""
    times = repeats.astype(int)
    first = np.cumsum(times) - times
    copies = [
        (correct, first[picture] + copy)
        for correct, picture in zip(ranked.correct, ranked.picture, strict=True)
        for copy in range(times[picture])
    ]
    return RankedDetections(
        correct=np.array([correct for correct, _ in copies], bool),
        picture=np.array([picture for _, picture in copies], np.int64),
        objects=np.repeat(ranked.objects, times),
    )


@pytest.mark.parametrize(("score", "share_reached"), METRICS.values(), ids=METRICS)
def test_a_resample_scores_as_the_repeated_pictures(
    score: Callable[[Sequence[RankedDetections]], float], share_reached: ShareReached
) -> None:
    classes = [random_ranking(seed) for seed in range(3)]
    draws = draw_resamples(PICTURES, 8, seed=1)
    assert draws.sum(axis=0).tolist() == [PICTURES] * 8
    expected = [score([repeat_pictures(ranked, repeats) for ranked in classes]) for repeats in draws.T]
    assert resampled_map(classes, draws, share_reached) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("share_reached", [area, recalls_reached])
def test_what_is_missing_counts_as_it_does_without_resampling(share_reached: ShareReached) -> None:
    nothing = np.zeros(PICTURES, np.int64)
    absent = RankedDetections(np.zeros(5, bool), np.arange(5), nothing)
    unfound = RankedDetections(np.zeros(0, bool), np.zeros(0, np.int64), nothing + 1)
    draws = draw_resamples(PICTURES, 4, seed=1)
    assert resampled_map([absent], draws, share_reached).tolist() == [0.0] * 4
    assert resampled_map([absent, unfound], draws, share_reached).tolist() == [0.0] * 4
    found = random_ranking(1)
    alone = resampled_map([found], draws, share_reached)
    assert resampled_map([found, absent], draws, share_reached) == pytest.approx(alone)
