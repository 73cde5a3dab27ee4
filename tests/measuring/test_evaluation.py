"""evaluation.json and files.json are read as they were written, or refused with the place of the error."""

import json
from pathlib import Path

import pytest

from conftest import detection_recipe
from octet.common.errors import UserError
from octet.measuring.evaluation import Evaluation, Gate, Step, TestSet, Variant, read_evaluation, write_evaluation
from octet.measuring.files import read_files
from octet.measuring.gate import check_limits
from octet.measuring.metrics import write_metrics

STEP = {"from": "float", "to": "uint8", "metric": "top1", "delta": -0.01, "ci95": [-0.02, -0.001]}


@pytest.fixture
def evaluation_file(tmp_path: Path) -> Path:
    """evaluation.json of a task with the metrics top1 and top5."""
    evaluation = Evaluation(
        dataset=TestSet(recipe="r", task="t", images=3, classes=("a", "b")),
        variants={
            "float": Variant.model_validate({"top1": 0.5, "top5": 0.9, "per_class": {"a": {"recall": 0.25}}}),
            "uint8": Variant.model_validate({"top1": 0.49, "per_class": {}, "bytes": 12}),
        },
        ledger=(Step.model_validate(STEP),),
        gate=Gate(max_drop=0.02, drop=0.01, min_score=0.4, passed=True),
    )
    write_evaluation(tmp_path / "evaluation.json", evaluation)
    return tmp_path / "evaluation.json"


def test_the_evaluation_is_read_as_written_with_the_scores_first(evaluation_file: Path) -> None:
    content = json.loads(evaluation_file.read_text())
    assert list(content) == ["dataset", "variants", "ledger", "gate"]
    assert list(content["variants"]["float"]) == ["top1", "top5", "per_class"]
    assert content["variants"]["uint8"] == {"top1": 0.49, "per_class": {}, "bytes": 12}
    assert content["ledger"] == [STEP]
    read = read_evaluation(evaluation_file, "score@r")
    assert read.variants["float"]["top5"] == 0.9
    assert [step.after for step in read.steps("top1")] == ["uint8"]
    assert list(read.steps("voc12_map")) == []
    before = evaluation_file.read_bytes()
    write_evaluation(evaluation_file, read)
    assert evaluation_file.read_bytes() == before


def test_the_metrics_are_the_deciding_score_alone(evaluation_file: Path) -> None:
    write_metrics(evaluation_file.with_name("metrics.json"), read_evaluation(evaluation_file, "score@r"), "top1")
    content = json.loads(evaluation_file.with_name("metrics.json").read_text())
    assert content == {"top1": {"float": 0.5, "uint8": 0.49, "change": -0.01}}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda content: content["gate"].pop("drop"), "gate.drop"),
        (lambda content: content["ledger"][0].pop("to"), "ledger.0.to"),
        (lambda content: content["variants"]["float"].update(top1="high"), "variants.float.top1"),
        (lambda content: content.update(extra=1), "extra"),
    ],
)
def test_an_error_in_the_evaluation_is_named(evaluation_file: Path, change: object, place: str) -> None:
    content = json.loads(evaluation_file.read_text())
    change(content)  # type: ignore[operator]
    evaluation_file.write_text(json.dumps(content))
    with pytest.raises(UserError, match=rf"evaluation\.json: {place}: .*run `dvc repro score@r` again"):
        read_evaluation(evaluation_file, "score@r")


@pytest.mark.parametrize(
    ("interval", "more"),
    [((-0.02, 0.01), False), ((-0.02, -0.01), True), ((0.01, 0.02), True), ((0.0, 0.02), False)],
)
def test_an_interval_that_includes_0_is_no_more_than_chance(interval: tuple[float, float], more: bool) -> None:
    assert Step.model_validate({**STEP, "ci95": interval}).is_more_than_chance == more


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["FLOAT"], "SUB"),
        (["CONV_2D"], "CONV_2D"),
        (["FLOAT", "CONV_2D"], "CONV_2D, SUB"),
        (["WHILE"], "none of them"),
    ],
)
def test_forbidden_operators_are_found_by_name_and_by_arithmetic(tmp_path: Path, names: list[str], found: str) -> None:
    operators = {"CONV_2D": {"integer": 3, "float": 0}, "SUB": {"integer": 1, "float": 1}}
    facts = {"uint8": {"bytes": 1, "sha256": "0" * 64, "operators": operators}}
    (tmp_path / "files.json").write_text(json.dumps(facts))
    files = read_files(tmp_path / "files.json", "evaluate@r")
    variants = {name: Variant.model_validate({"top1": 0.5, "per_class": {}}) for name in ("float", "uint8")}
    limits = detection_recipe().score.model_copy(update={"forbidden_operators": {"uint8": names}})
    check = check_limits(variants, files, "top1", limits)[-1]
    assert (check.name, check.measured, check.passed) == ("operators of uint8", found, found == "none of them")
