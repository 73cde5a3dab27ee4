"""The card says where the pictures are from, and shows the names of classes as they are."""

from pathlib import Path

import pytest

from octet.measuring.evaluation import STEPS, Evaluation, Gate, Step, TestSet, Variant
from octet.recipe.shared.load import load_recipe
from octet.reporting.card import model_card
from octet.reporting.results import Results

BLOCKS = ("network", "gives", "names", "measured", "limits")
HOSTILE = "a|b_<i>"


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """Those of a task that has little to say."""
    blocks = "".join(f"{{% block {name} %}}{name}{{% endblock %}}\n" for name in BLOCKS)
    (tmp_path / "card.md.jinja").write_text('{% extends "model_card.md.jinja" %}\n' + blocks)
    return Results(
        highlights=(),
        templates=tmp_path,
        shown={},
        counts=("pictures",),
        class_scores={"AP": "ap"},
        montage=b"",
        confusion=(),
    )


def card_of(recipe: str, results: Results) -> list[str]:
    scores = {"voc07_map": 0.5, "voc12_map": 0.6, "coco_map": 0.4, "per_class": {HOSTILE: {"ap": 0.25}}}
    evaluation = Evaluation(
        dataset=TestSet(recipe=recipe, task="detection", images=7, classes=(HOSTILE,)),
        variants={name: Variant.model_validate(scores) for name in ("float", "uint8")},
        ledger=tuple(
            Step.model_validate(
                {"from": before, "to": after, "metric": metric, "delta": -0.000001, "ci95": (-0.2, 0.1)}
            )
            for metric in ("voc12_map", "coco_map")
            for before, after in STEPS
        ),
        gate=Gate(max_drop=0.1, drop=0, min_score=0.1, passed=True, by_metric={}),
    )
    dataset = {"classes": [HOSTILE], "splits": {"train": {"pictures": 9}}}
    return model_card(load_recipe(recipe), dataset, evaluation, results).splitlines()


def test_it_says_where_the_pictures_are_from(results: Results) -> None:
    sources = ["- Train: VOC2007/trainval, VOC2012/trainval.", "- Val: 3% of train, held out.", "- Test: VOC2007/test."]
    lines = card_of("voc0712", results)
    first = lines.index(sources[0])
    assert lines[first : first + 3] == sources
    assert "All pictures are rendered by the project." in card_of("quickstart", results)


def test_classes_are_shown_as_they_are_called(results: Results) -> None:
    lines = card_of("quickstart", results)
    assert r"- **names** a\|b\_\<i\>." in lines
    assert r"| a\|b\_\<i\> | 0.250 |" in [" ".join(line.split()) for line in lines]


def test_a_change_of_nothing_has_no_minus(results: Results) -> None:
    (line,) = (line for line in card_of("quickstart", results) if "to the shipped file" in line)
    for metric in ("mAP50", "mAP50-95"):
        assert f" {metric} +0.0000 (95 % interval -0.2000 to +0.1000), which these pictures cannot tell" in line
