"""`quickstart_classifier` as it stands, from rendered pictures to the page: every stage, in the numbers of a user."""

import csv
import io
import json
from typing import Any

from conftest import CLASSIFIER, Project

VARIANTS = {"float", "control", "qat", "float32", "float16", "dynamic", "int8_ptq", "uint8", "uint8_raw"}


def evaluation(project: Project) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((project.folder / f"reports/{CLASSIFIER}/evaluation.json").read_text())
    return content


def test_it_learns_and_eight_bits_cost_little(classified: Project) -> None:
    found = evaluation(classified)
    assert found["dataset"]["task"] == "classification"
    assert set(found["variants"]) == VARIANTS
    top1 = {name: variant["top1"] for name, variant in found["variants"].items()}
    assert top1["float"] > 0.9
    assert abs(top1["float32"] - top1["float"]) < 0.002
    assert abs(top1["uint8"] - top1["qat"]) < 0.01
    assert found["gate"]["passed"]


def test_the_ledger_has_an_interval_and_a_test_of_each_step(classified: Project) -> None:
    found = evaluation(classified)
    steps = [(step["from"], step["to"]) for step in found["ledger"]]
    assert ("float", "uint8") in steps
    assert {step["metric"] for step in found["ledger"]} == {"top1"}
    assert all(low <= step["delta"] <= high for step in found["ledger"] for low, high in [step["ci95"]])
    compared = {(of["from"], of["to"]): of for of in found["comparisons"]}
    assert set(compared) == set(steps)
    of = compared["float", "uint8"]
    assert 0.95 < of["agreement"] <= 1
    assert 0 < of["mcnemar_p"] <= 1
    assert all(isinstance(of[count], int) for count in ("gained", "lost"))


def test_what_it_writes_is_named_like_the_task(classified: Project) -> None:
    models, reports = (classified.folder / top / CLASSIFIER for top in ("models", "reports"))
    assert (models / "classifier_uint8.tflite").stat().st_size < 800_000
    assert {file.stem for file in (reports / "outputs").iterdir()} == VARIANTS
    page = (reports / "report.html").read_text()
    assert "top-1" in page
    assert "triangle" in (models / "MODEL_CARD.md").read_text()


def test_dvc_draws_the_curves(classified: Project) -> None:
    result = classified.run("dvc", "plots", "show", "--json")
    assert result.returncode == 0, result.stderr
    content = json.loads(result.stdout)
    assert "errors" not in content
    curve = f"reports/{CLASSIFIER}/curves/uint8.csv"
    rows = [*csv.DictReader(io.StringIO((classified.folder / curve).read_text()))]
    assert curve in content["data"]
    assert all(0 <= float(row[of]) <= 1 for row in rows for of in ("score", "correct"))
