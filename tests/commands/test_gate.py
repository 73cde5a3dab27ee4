"""make gate's exit code is the gate's verdict, and its table says why."""

import json
import re
import shutil

import pytest

from conftest import Project, tiny_params


@pytest.fixture
def judged(reproduced: Project, project: Project) -> Project:
    """A project with files, and scores that are within the limits."""
    for made in ("models", "reports"):
        shutil.copytree(reproduced.folder / made, project.folder / made)
    write_scores(project, drop=0.01)
    return project


def write_scores(project: Project, drop: float, coco_drop: float = 0.01) -> None:
    """Let the evaluation say that the uint8 file scores 0.9, and so much less than the float network."""
    file = project.folder / "reports" / "quickstart" / "evaluation.json"
    evaluation = json.loads(file.read_text())
    drops = {"voc12_map": drop, "coco_map": coco_drop}
    for metric in drops:
        evaluation["variants"]["uint8"][metric] = 0.9
    for step in evaluation["ledger"]:
        if (step["from"], step["to"]) == ("float", "uint8"):
            step["delta"] = -drops[step["metric"]]
    file.unlink()
    file.write_text(json.dumps(evaluation))


def take_for_another(project: Project, name: str, variant: str, other: str) -> None:
    """Let a report say of a variant what it says of another one."""
    file = project.folder / "reports" / "quickstart" / name
    report = json.loads(file.read_text())
    facts = report.get("variants", report)
    facts[variant] = facts[other]
    file.unlink()
    file.write_text(json.dumps(report))


def closed(project: Project, line: str) -> None:
    """The gate is closed by this line of its table, and by no other."""
    result = project.octet("gate", "quickstart")
    assert (result.returncode, result.stderr) == (1, "octet: quickstart fails its quality gate\n")
    assert re.search(line, result.stdout), result.stdout
    assert result.stdout.count("FAIL") == 1


def test_it_opens(judged: Project) -> None:
    result = judged.octet("gate", "quickstart")
    assert (result.returncode, result.stderr) == (0, "")
    assert "quickstart passes its quality gate" in result.stdout
    assert "FAIL" not in result.stdout


def test_a_large_drop_closes_it(judged: Project) -> None:
    write_scores(judged, drop=0.05)
    closed(judged, r"change of mAP50 +-0\.05000 +at least -0\.02 +FAIL +95 % interval [+-]0\.\d+ to [+-]0\.\d+\n")


def test_a_large_drop_in_the_stricter_metric_alone_closes_it(judged: Project) -> None:
    write_scores(judged, drop=0.0, coco_drop=0.05)
    closed(judged, r"change of mAP50-95 +-0\.05000 +at least -0\.02 +FAIL +95 % interval [+-]0\.\d+ to [+-]0\.\d+\n")


def test_a_float_operator_where_none_may_be_closes_it(judged: Project) -> None:
    """As if int8_ptq, which has floats at its end, were the file that may have none."""
    ladder = judged.folder / "models" / "quickstart" / "tflite"
    (ladder / "uint8_raw.tflite").unlink()
    shutil.copy(ladder / "int8_ptq.tflite", ladder / "uint8_raw.tflite")
    take_for_another(judged, "files.json", "uint8_raw", "int8_ptq")
    take_for_another(judged, "evaluation.json", "uint8_raw", "int8_ptq")
    closed(judged, r"operators of uint8_raw +DEQUANTIZE, MAXIMUM, MINIMUM, SUB, TFLite_\w+ +no FLOAT +FAIL")


@pytest.mark.parametrize(
    ("limit", "value", "line"),
    [
        ("max_bytes", 1000, r"bytes +[\d,]+ +at most 1,000 +FAIL"),
        ("min_score", 0.95, r"mAP50 +0\.90000 +at least 0\.95 +FAIL"),
    ],
)
def test_a_large_file_and_a_low_score_close_it(judged: Project, limit: str, value: float, line: str) -> None:
    params = tiny_params()
    params["quickstart"]["score"][limit] = value
    judged.write_params(params)
    closed(judged, line)


def test_a_file_that_is_not_the_scored_one_is_not_judged(judged: Project) -> None:
    file = judged.folder / "models" / "quickstart" / "detector_uint8.tflite"
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(content + bytes(1))
    result = judged.octet("gate", "quickstart")
    assert result.returncode == 1
    assert "detector_uint8.tflite is not the file that was scored: run `dvc repro score@quickstart`" in result.stderr


def test_a_file_that_was_run_and_not_scored_yet_is_not_judged(judged: Project) -> None:
    """As where evaluate ran, and score did not: the scores are those of the file before."""
    take_for_another(judged, "evaluation.json", "uint8", "int8_ptq")
    result = judged.octet("gate", "quickstart")
    assert result.returncode == 1
    assert "detector_uint8.tflite is not the file that was scored: run `dvc repro score@quickstart`" in result.stderr


def test_an_operator_that_does_not_exist_is_no_check(judged: Project) -> None:
    params = tiny_params()
    params["quickstart"]["score"]["forbidden_operators"] = {"uint8": ["DEQUANTISE"]}
    judged.write_params(params)
    result = judged.octet("gate", "quickstart")
    assert result.returncode == 1
    assert "did you mean 'DEQUANTIZE'?" in result.stderr


def test_it_asks_for_the_evaluation(project: Project) -> None:
    result = project.octet("gate", "quickstart")
    assert result.returncode == 1
    assert "dvc repro score@quickstart" in result.stderr
