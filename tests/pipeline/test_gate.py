"""make gate's exit code is the gate's verdict."""

import json
import re

import pytest

from conftest import Project
from octet.evaluation.gate import judge
from octet.recipe import load_recipe


def write_evaluation(project: Project, drop: float, operators: list[str]) -> None:
    """What evaluate writes of a file with that drop and those operators."""
    variants = {"float": {"voc12_map": 0.9 + drop}, "uint8": {"voc12_map": 0.9, "bytes": 700_000}}
    limits = load_recipe("quickstart", project.folder / "params.yaml").evaluate
    reports = project.folder / "reports" / "quickstart"
    reports.mkdir(parents=True, exist_ok=True)
    gate = judge(variants, {"uint8_raw": operators}, limits)
    (reports / "evaluation.json").write_text(json.dumps({"variants": variants, "gate": gate}))


def test_it_opens(project: Project) -> None:
    write_evaluation(project, drop=0.01, operators=[])
    result = project.stage("gate")
    assert (result.returncode, result.stderr) == (0, "")
    assert "the gate of quickstart is open" in result.stdout
    assert "FAIL" not in result.stdout


@pytest.mark.parametrize(
    ("drop", "operators", "line"),
    [
        pytest.param(0.05, [], r"drop +0\.0500 +at most 0\.0200 +FAIL", id="drop"),
        pytest.param(0.0, ["DEQUANTIZE"], r"operators of uint8_raw +DEQUANTIZE +none of FLOAT +FAIL", id="operators"),
    ],
)
def test_it_closes_and_says_where(project: Project, drop: float, operators: list[str], line: str) -> None:
    write_evaluation(project, drop, operators)
    result = project.stage("gate")
    assert (result.returncode, result.stderr) == (1, "octet: the gate of quickstart is closed\n")
    assert re.search(line, result.stdout)
    assert result.stdout.count("FAIL") == 1


def test_it_asks_for_the_evaluation(project: Project) -> None:
    result = project.stage("gate")
    assert result.returncode == 1
    assert "dvc repro evaluate@quickstart" in result.stderr
