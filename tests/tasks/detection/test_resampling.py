"""What a resample scores is what the same pictures, written out as often as they were drawn, score."""

import numpy as np
import pytest

from octet.measuring.bootstrap import draw_resamples
from octet.tasks.detection.metric.average_precision import Ranked, mean_area
from octet.tasks.detection.scoring.resampling import resampled_map

PICTURES = 30


def random_ranking(seed: int, detections: int = 200) -> Ranked:
    """Detections in a random order of pictures, of which some are right."""
    random = np.random.default_rng(seed)
    return Ranked(
        right=random.random(detections) < 0.2,
        picture=random.integers(0, PICTURES, detections),
        objects=random.integers(0, 4, PICTURES),
    )


def written_out(ranked: Ranked, often: np.ndarray) -> Ranked:
    """The ranking of a set that has each picture so often, as pictures of their own."""
    times = often.astype(int)
    first = np.cumsum(times) - times
    copies = [
        (right, first[of] + copy)
        for right, of in zip(ranked.right, ranked.picture, strict=True)
        for copy in range(times[of])
    ]
    return Ranked(
        right=np.array([right for right, _ in copies], bool),
        picture=np.array([picture for _, picture in copies], np.int64),
        objects=np.repeat(ranked.objects, times),
    )


def test_a_resample_scores_as_the_pictures_written_out() -> None:
    classes = [random_ranking(seed) for seed in range(3)]
    draws = draw_resamples(PICTURES, 8, seed=1)
    assert draws.sum(axis=0).tolist() == [PICTURES] * 8
    expected = [mean_area([written_out(of, often) for of in classes]) for often in draws.T]
    assert resampled_map(classes, draws) == pytest.approx(expected, abs=1e-6)


def test_what_is_missing_counts_as_it_does_without_resampling() -> None:
    nothing = np.zeros(PICTURES, np.int64)
    absent = Ranked(np.zeros(5, bool), np.arange(5), nothing)
    unfound = Ranked(np.zeros(0, bool), np.zeros(0, np.int64), nothing + 1)
    draws = draw_resamples(PICTURES, 4, seed=1)
    assert resampled_map([absent], draws).tolist() == [0.0] * 4
    assert resampled_map([absent, unfound], draws).tolist() == [0.0] * 4
    found = random_ranking(1)
    assert resampled_map([found, absent], draws) == pytest.approx(resampled_map([found], draws))
