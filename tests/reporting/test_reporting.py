"""The page stands alone, and its bytes depend on what it is given."""

import json
import re

import pytest

from conftest import Project
from octet.measuring.evaluation import STEPS, Evaluation, Step
from octet.recipe.shared.load import load_recipe
from octet.reporting.plots import training_curves
from octet.reporting.words import answers, change


def test_the_page_needs_nothing_beside_it(reproduced: Project) -> None:
    page = (reproduced.folder / "reports/quickstart/report.html").read_text()
    model = "../../models/quickstart"  # links, which the page does without
    assert set(re.findall(r'(?:src|href)="(?!data:|#)([^"]*)"', page)) == {
        f"{model}/detector_uint8.tflite",
        f"{model}/MODEL_CARD.md",
    }
    assert page.count('src="data:image/jpeg;base64,') == 2  # pictures
    assert "<svg" in page
    for variant in ("float", "control", "qat", "float32", "float16", "dynamic", "int8_ptq", "uint8", "uint8_raw"):
        assert f'<td data-head="variant">{variant}</td>' in page


def test_the_page_tells_both_metrics_and_the_sizes(reproduced: Project) -> None:
    page = (reproduced.folder / "reports/quickstart/report.html").read_text()
    for metric in ("mAP50", "mAP50-95"):
        assert f'aria-label="The change of {metric} at each step with its interval"' in page
        assert f"<th>{metric}</th><th>change</th><th>95 % interval</th>" in page
        assert re.search(rf"its {metric} changes by [+-]0\.\d+, where -0\.02 is the least", page)
    evaluation = json.loads((reproduced.folder / "reports/quickstart/evaluation.json").read_text())
    sizes = [evaluation["variants"]["uint8"][f"coco_map_{size}"] for size in ("small", "medium", "large")]
    assert None in sizes  # a picture of 96 px has no large objects
    (line,) = re.findall(r'<tr class=strong><td data-head="variant">uint8</td>(<td data-head="small.*)</tr>', page)
    cells = ["none there" if score is None else f"{score:.4f}" for score in sizes]
    assert re.findall(r">([^<]+)</td>", line) == cells


@pytest.fixture
def reporting(project: Project, reproduced: Project) -> Project:
    """A copy of all that the report is made of."""
    project.take(reproduced, "data", "models", "reports")
    return project


def test_the_page_tells_what_was_mended_and_left_out(reporting: Project) -> None:
    file = reporting.folder / "data/quickstart/dataset.json"
    page = reporting.folder / "reports/quickstart/report.html"
    assert "Mended" not in page.read_text()
    told = json.loads(file.read_text())
    told["splits"]["train"]["mended"] = {"greyscale": 2, "box clipped": 1}
    told["splits"]["test"]["mended"] = {"greyscale": 3}
    told["skipped"]["by_kind"] = {"zero-size box": 4}
    file.write_text(json.dumps(told))
    assert reporting.stage("report").returncode == 0
    for line in ("<p>Mended: 1 box clipped, 5 greyscale.</p>", "<p>Left out: 4 zero-size box.</p>"):
        assert line in page.read_text()


def test_the_page_is_the_same_bytes_again(reporting: Project) -> None:
    file = reporting.folder / "reports/quickstart/report.html"
    before = file.read_bytes()
    assert reporting.stage("report").returncode == 0
    assert file.read_bytes() == before


def step(before: str, after: str, delta: float, low: float, high: float, metric: str = "voc12_map") -> Step:
    return Step.model_validate({"from": before, "to": after, "metric": metric, "delta": delta, "ci95": (low, high)})


@pytest.mark.parametrize(
    ("interval", "known"),
    [((-0.02, 0.01), "cannot tell from no"), ((-0.02, -0.01), "worse by more"), ((0.01, 0.02), "better by more")],
)
def test_a_difference_that_the_pictures_cannot_show_is_called_so(interval: tuple[float, float], known: str) -> None:
    changed = step("float", "uint8", sum(interval) / 2, *interval)
    said = change(changed, changed.leaves_out_0)
    assert known in said
    assert f"{interval[0]:+.4f} to {interval[1]:+.4f}" in said


@pytest.mark.parametrize(("high", "unchanged"), [(0.0, True), (0.01, False)])
def test_a_control_whose_scores_did_not_move_is_called_so(high: float, unchanged: bool) -> None:
    """Whether it kept the weights that it started with, scores cannot tell."""
    recipe = load_recipe("quickstart")
    ledger = [
        step(before, after, 0.0, 0.0, high if (before, after) == ("float", "control") else 0.01, metric)
        for before, after in STEPS
        for metric in recipe.max_drops
    ]
    said = dict(answers(Evaluation.model_construct(ledger=ledger, comparisons=()), recipe))
    assert any("trained as much further, and scores as before" in question for question in said) == unchanged


def test_plots_carry_no_date_and_no_chance() -> None:
    history = {
        "float": [{"epoch": "1", "loss": "2.5", "val_map": ""}, {"epoch": "2", "loss": "1.5", "val_map": "0.25"}]
    }
    assert training_curves(history, "mAP50") == training_curves(history, "mAP50")
    # for a wide and a narrow page, each without a head, which would carry the date
    assert re.findall(r'<div class="if-(\w+)">(.{4})', training_curves(history, "mAP50")) == [
        ("wide", "<svg"),
        ("narrow", "<svg"),
    ]
