"""make gate's exit code is the gate's verdict."""

import json

from conftest import Project


def write_evaluation(project: Project, passed: bool) -> None:
    reports = project.folder / "reports" / "quickstart"
    reports.mkdir(parents=True, exist_ok=True)
    evaluation = {
        "variants": {"uint8": {"voc12_map": 0.9}},
        "gate": {"max_drop": 0.02, "drop": 0.01 if passed else 0.05, "min_map": 0.8, "passed": passed},
    }
    (reports / "evaluation.json").write_text(json.dumps(evaluation))


def test_it_says_yes_and_no(project: Project) -> None:
    write_evaluation(project, passed=True)
    result = project.stage("gate")
    assert (result.returncode, result.stderr) == (0, "")
    assert "0.0100 below the float model (at most 0.02 below)" in result.stdout
    write_evaluation(project, passed=False)
    result = project.stage("gate")
    assert result.returncode == 1
    assert "the gate is closed" in result.stderr


def test_it_asks_for_the_evaluation(project: Project) -> None:
    result = project.stage("gate")
    assert result.returncode == 1
    assert "dvc repro evaluate@quickstart" in result.stderr
