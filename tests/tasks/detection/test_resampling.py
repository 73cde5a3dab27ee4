"""A resample's score is that of a set in which each picture is repeated as often as it was drawn."""

import numpy as np
import pytest

from octet.measuring.bootstrap import draw_resamples
from octet.tasks.detection.metric.average_precision import RankedDetections, mean_average_precision
from octet.tasks.detection.scoring.resampling import resampled_map

PICTURES = 30


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


def test_a_resample_scores_as_the_repeated_pictures() -> None:
    classes = [random_ranking(seed) for seed in range(3)]
    draws = draw_resamples(PICTURES, 8, seed=1)
    assert draws.sum(axis=0).tolist() == [PICTURES] * 8
    expected = [mean_average_precision([repeat_pictures(ranked, repeats) for ranked in classes]) for repeats in draws.T]
    assert resampled_map(classes, draws) == pytest.approx(expected, abs=1e-6)


def test_what_is_missing_counts_as_it_does_without_resampling() -> None:
    nothing = np.zeros(PICTURES, np.int64)
    absent = RankedDetections(np.zeros(5, bool), np.arange(5), nothing)
    unfound = RankedDetections(np.zeros(0, bool), np.zeros(0, np.int64), nothing + 1)
    draws = draw_resamples(PICTURES, 4, seed=1)
    assert resampled_map([absent], draws).tolist() == [0.0] * 4
    assert resampled_map([absent, unfound], draws).tolist() == [0.0] * 4
    found = random_ranking(1)
    assert resampled_map([found, absent], draws) == pytest.approx(resampled_map([found], draws))
