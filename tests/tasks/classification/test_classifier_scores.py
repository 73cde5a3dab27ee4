"""The scores of a classifier, on answers whose scores can be counted by hand."""

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from helpers.classifying import CLASSES, write_classifier_records
from octet.measuring.bootstrap import draw_resamples
from octet.tasks.classification.metric.answers import from_plain, rank_classes, to_plain, top_share
from octet.tasks.classification.metric.truths import Truths, read_truths
from octet.tasks.classification.scoring.calibration import calibration_error
from octet.tasks.classification.scoring.comparison import compare_answers
from octet.tasks.classification.scoring.part import Scoring
from octet.tasks.classification.scoring.scores import compute_scores

# Four pictures of seven classes.
PROBABILITIES = np.array(
    [
        [0.50, 0.20, 0.10, 0.08, 0.06, 0.04, 0.02],  # of class 0: right
        [0.30, 0.30, 0.20, 0.10, 0.05, 0.03, 0.02],  # of class 1: of equal ones the lower number comes first
        [0.30, 0.25, 0.20, 0.10, 0.08, 0.05, 0.02],  # of class 6: not among the first five
        [0.02, 0.02, 0.02, 0.02, 0.02, 0.10, 0.80],  # of class 6: right
    ],
    np.float32,
)
TRUTHS = Truths(("a", "b", "c", "d"), np.array([0, 1, 6, 6]))
NAMES = tuple("0123456")


def test_classes_of_less_than_the_last_digit_are_ranked_too() -> None:
    sure = np.array([[1e-12, 1e-12, 1e-12, 1e-12, 1e-12, 4e-6, 1.0]], np.float32)
    answers = rank_classes([sure])
    assert answers.classes[0, :2].tolist() == [6, 5]
    assert answers.scores[0, :2].tolist() == [1.0, 0.0]


def test_the_best_answers_come_first() -> None:
    answers = rank_classes([PROBABILITIES[:3], PROBABILITIES[3:]])
    assert answers.first.tolist() == [0, 0, 0, 6]
    assert answers.classes[1].tolist() == [0, 1, 2, 3, 4]
    assert answers.scores[0].tolist() == [0.5, 0.2, 0.1, 0.08, 0.06]
    assert [top_share(answers, TRUTHS, count) for count in (1, 2, 5)] == [0.5, 0.75, 0.75]


def test_fewer_classes_than_answers_are_all_kept() -> None:
    assert rank_classes([np.array([[0.2, 0.8]], np.float32)]).classes.tolist() == [[1, 0]]


def test_answers_come_back_from_a_file_in_the_order_of_the_pictures() -> None:
    answers = rank_classes([PROBABILITIES])
    plain = to_plain(answers, TRUTHS)
    again = from_plain(plain[::-1], TRUTHS)
    np.testing.assert_array_equal(again.classes, answers.classes)
    np.testing.assert_array_equal(again.scores, answers.scores)


def test_scores_of_all_pictures_and_of_each_class() -> None:
    scores = compute_scores(rank_classes([PROBABILITIES]), TRUTHS, NAMES)
    assert (scores["top1"], scores["top5"]) == (0.5, 0.75)
    assert scores["per_class"] == {
        "0": {"precision": 0.33333, "recall": 1.0},
        "1": {"precision": 0.0, "recall": 0.0},
        "6": {"precision": 1.0, "recall": 0.5},
    }
    # 0.5 is right; twice 0.3 is wrong, in one bin; 0.8 is right
    assert scores["ece"] == pytest.approx((0.5 + 0.6 + 0.2) / 4)


def test_a_model_that_is_as_sure_as_it_is_right_has_no_calibration_error() -> None:
    correct = np.arange(100) < 90
    assert calibration_error(np.full(100, 0.9), correct) == pytest.approx(0)
    assert calibration_error(np.full(100, 1.0), correct) == pytest.approx(0.1)


def test_mcnemars_test_counts_the_pictures_that_one_of_two_models_is_right_about() -> None:
    classes = np.zeros(100, np.int64)
    before, after = classes.copy(), classes.copy()
    before[:2] = 1  # only the later model is right about these
    after[2:12] = 1  # only the earlier about these
    before[12:15], after[12:15] = 1, 2  # both are wrong, each in its own way
    found = compare_answers(before, after, classes)
    assert (found["gained"], found["lost"], found["agreement"]) == (2, 10, 0.85)
    assert found["mcnemar_p"] == pytest.approx(2 * binom.cdf(2, 12, 0.5), rel=1e-3)


def test_models_that_say_the_same_are_not_told_apart() -> None:
    same = np.arange(5)
    assert compare_answers(same, same, same) == {"agreement": 1.0, "gained": 0, "lost": 0, "mcnemar_p": 1.0}


def test_resamples_are_scored_as_if_they_were_test_sets(tmp_path: Path) -> None:
    records = write_classifier_records(tmp_path / "records", splits=["test"])
    scoring, truths = Scoring(CLASSES, records), read_truths(records, "test")
    random = np.random.default_rng(2).dirichlet([1, 1, 1], 12).astype(np.float32)
    matched = scoring.match_predictions(to_plain(rank_classes([random]), truths))
    draws = draw_resamples(scoring.images, 30, seed=1)
    correct = matched.first == truths.classes
    expected = [np.repeat(correct, draw.astype(int)).mean() for draw in draws.T]
    np.testing.assert_allclose(scoring.resampled_metrics(matched, draws)["top1"], expected)
    assert scoring.exact_metrics(matched)["top1"] == correct.mean()


def test_the_curve_has_a_row_for_each_bin_with_answers(tmp_path: Path) -> None:
    records = write_classifier_records(tmp_path / "records", pictures=3, splits=["test"])
    scoring, truths = Scoring(CLASSES, records), read_truths(records, "test")
    sure = np.array([[0.9, 0.1, 0.0], [0.9, 0.1, 0.0], [0.0, 0.5, 0.5]], np.float32)
    scoring.write_curve(scoring.match_predictions(to_plain(rank_classes([sure]), truths)), tmp_path / "curve.csv")
    with (tmp_path / "curve.csv").open() as file:
        assert [*csv.reader(file)] == [
            ["score", "correct", "pictures"],
            ["0.50000", "0.00000", "1"],
            ["0.90000", "0.50000", "2"],
        ]
