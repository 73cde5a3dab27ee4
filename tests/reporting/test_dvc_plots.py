"""`dvc plots show` has a plot for every file, and all of them draw."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import vl_convert

from conftest import Project
from octet.reporting.dvc_plots import write_confusion
from octet.tasks.detection.metric.average_precision import RankedDetections
from octet.tasks.detection.scoring.curves import write_precision_recall


@pytest.fixture(scope="module")
def plots(reproduced: Project) -> dict[str, dict[str, Any]]:
    """The Vega-Lite of each plot, by file."""
    result = reproduced.run("dvc", "plots", "show", "--json")
    assert result.returncode == 0, result.stderr
    content = json.loads(result.stdout)
    assert "errors" not in content
    return {
        file.removeprefix("reports/quickstart/"): of if isinstance(of := shown[0]["content"], dict) else json.loads(of)
        for file, shown in content["data"].items()
    }


def test_a_spreadsheet_computes_no_classes(tmp_path: Path) -> None:
    write_confusion(tmp_path / "confusion.csv", [("=1+1", "(missed)")])
    nothing = RankedDetections(np.zeros(0, bool), np.zeros(0, int), np.ones(1, int))
    write_precision_recall(tmp_path / "curve.csv", [nothing], ["=1+1"])
    for name in ("confusion.csv", "curve.csv"):
        assert {row.split(",")[0] for row in (tmp_path / name).read_text().splitlines()[1:]} == {"'=1+1"}


def drawn(plot: dict[str, Any]) -> str:
    svg: str = vl_convert.vegalite_to_svg(plot)
    return svg


def test_every_file_has_its_plot(plots: dict[str, dict[str, Any]]) -> None:
    assert {"ledger.csv", "training.csv", "confusion.csv"} <= set(plots)
    assert next(iter(plots)) == "ledger.csv"  # what decides comes first
    assert {"curves/float.csv", "curves/control.csv", "curves/qat.csv", "curves/uint8.csv"} <= set(plots)


def test_curves_are_drawn_class_by_class(plots: dict[str, dict[str, Any]]) -> None:
    svg = drawn(plots["curves/uint8.csv"])
    for name in ("cross", "ellipse", "rectangle", "ring", "star", "triangle"):
        assert f">{name}</text>" in svg
    assert len(re.findall(r'class="mark-line', svg)) == 6


def test_the_ledger_has_a_point_and_an_interval_a_step(plots: dict[str, dict[str, Any]]) -> None:
    svg, steps = drawn(plots["ledger.csv"]), len(plots["ledger.csv"]["data"]["values"])
    assert steps >= 10
    assert len(re.findall(r'aria-roledescription="rule mark"', svg)) == steps
    assert len(re.findall(r'aria-roledescription="point"', svg)) == steps


def test_trainings_side_by_side(plots: dict[str, dict[str, Any]]) -> None:
    svg = drawn(plots["training.csv"])
    for text in ("loss", "val_map", "learning_rate", "float", "qat"):
        assert f">{text}</text>" in svg


def test_the_confusion_counts_every_object_that_counts(plots: dict[str, dict[str, Any]], reproduced: Project) -> None:
    rows = plots["confusion.csv"]["data"]["values"]
    test = json.loads((reproduced.folder / "data/quickstart/dataset.json").read_text())["splits"]["test"]
    assert len(rows) == test["objects"] - test["difficult"]
    found = Counter(row["actual"] for row in rows)
    labels = json.loads((reproduced.folder / "data/quickstart/dataset.json").read_text())["classes"]
    assert set(found) <= set(labels)
    assert {row["predicted"] for row in rows} <= {*labels, "(missed)"}
    assert "(missed)" in drawn(plots["confusion.csv"])
