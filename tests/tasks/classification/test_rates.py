"""Precision and recall by class, whose intervals are wide where pictures are few."""

import numpy as np
import pytest

from octet.measuring.evaluation import Variant
from octet.measuring.rates import Rate
from octet.reporting.plots import MOST_CLASSES
from octet.tasks.classification.metric.answers import Answers
from octet.tasks.classification.metric.truths import Truths
from octet.tasks.classification.scoring.scores import compute_scores
from octet.tasks.classification.showing.charts import class_chart, reliability_chart
from octet.tasks.classification.showing.rates import ClassRates, rates_by_class

CLASSES = ("cat", "dog", "elk", "fox")


def table(truths: list[int], said: list[int]) -> tuple[Answers, Truths]:
    answers = Answers(np.array(said)[:, None], np.full((len(said), 1), 0.5))
    return answers, Truths(tuple(map(str, range(len(truths)))), np.array(truths))


def test_the_same_shares_as_the_scores_and_the_weakest_class_first() -> None:
    answers, truths = table([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 1, 1])
    rates = rates_by_class(answers, truths, CLASSES)
    assert [of.name for of in rates] == ["elk", "cat", "dog"]  # there is no fox
    assert [(of.precision, of.recall) for of in rates] == [
        (Rate(0, 0), Rate(0, 1)),
        (Rate(2, 2), Rate(2, 3)),
        (Rate(2, 4), Rate(2, 2)),
    ]
    scores = Variant.model_validate(compute_scores(answers, truths, CLASSES)).per_class
    for of in rates:
        assert scores[of.name]["recall"] == pytest.approx(of.recall.share, abs=1e-5)


def test_intervals() -> None:
    """The values are those that textbooks give for Wilson's interval."""
    assert Rate(8, 10).ci95 == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert Rate(10, 10).ci95 == pytest.approx((0.7225, 1.0), abs=1e-4)
    assert Rate(0, 0).ci95 == (0.0, 1.0)
    assert str(Rate(8, 10)) == "0.800 (0.490 to 0.943)"
    assert str(Rate(0, 0)) == "none there"


def test_of_a_thousand_classes_the_weakest_are_drawn() -> None:
    names = [f"class {number:04d}" for number in range(1000)]
    rates = [ClassRates(name, Rate(number, 1000), Rate(number, 1000)) for number, name in enumerate(names)]
    chart = class_chart({"float": rates, "uint8": rates})
    assert all(f">{name}<" in chart for name in names[:MOST_CLASSES])
    assert not any(f">{name}<" in chart for name in names[MOST_CLASSES:])


def test_the_diagram_names_the_errors() -> None:
    rows = [{"score": "0.5", "correct": "0.4", "pictures": "9"}]
    chart = reliability_chart({"float": rows, "uint8": rows}, {"float": 0.0123, "uint8": 0.1})
    assert "float, ECE 0.012" in chart and "uint8, ECE 0.100" in chart
