"""evaluation.json and files.json are read as they were written, or refused with their place."""

import json
from pathlib import Path

import pytest

from octet.common.errors import UserError
from octet.measuring.evaluation import Evaluation, Gate, Step, TestSet, Variant, read_evaluation, write_evaluation
from octet.measuring.files import FileFacts, read_files
from octet.measuring.metrics import write_metrics

STEP = {"from": "float", "to": "uint8", "metric": "top1", "delta": -0.01, "ci95": [-0.02, -0.001]}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """The evaluation of some task."""
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


def test_it_is_what_was_written_with_the_scores_first(written: Path) -> None:
    content = json.loads(written.read_text())
    assert list(content) == ["dataset", "variants", "ledger", "gate"]
    assert list(content["variants"]["float"]) == ["top1", "top5", "per_class"]
    assert content["variants"]["uint8"] == {"top1": 0.49, "per_class": {}, "bytes": 12}
    assert content["ledger"] == [STEP]
    read = read_evaluation(written, "score@r")
    assert read.variants["float"]["top5"] == 0.9
    assert [step.after for step in read.steps("top1")] == ["uint8"]
    assert list(read.steps("voc12_map")) == []
    before = written.read_bytes()
    write_evaluation(written, read)
    assert written.read_bytes() == before


def test_the_metrics_are_the_deciding_score_alone(written: Path) -> None:
    write_metrics(written.with_name("metrics.json"), read_evaluation(written, "score@r"), "top1")
    content = json.loads(written.with_name("metrics.json").read_text())
    assert content == {"top1": {"float": 0.5, "uint8": 0.49, "change": -0.01}}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda content: content["gate"].pop("drop"), "gate.drop"),
        (lambda content: content["ledger"][0].pop("to"), "ledger.0.to"),
        (lambda content: content["variants"]["float"].update(top1="high"), "variants.float.top1"),
        (lambda content: content.update(more=1), "more"),
    ],
)
def test_what_is_wrong_in_it_is_named(written: Path, change: object, place: str) -> None:
    content = json.loads(written.read_text())
    change(content)  # type: ignore[operator]
    written.write_text(json.dumps(content))
    with pytest.raises(UserError, match=rf"evaluation\.json: {place}: .*run `dvc repro score@r` again"):
        read_evaluation(written, "score@r")


@pytest.mark.parametrize(
    ("interval", "more"), [((-0.02, 0.01), False), ((-0.02, -0.01), True), ((0.01, 0.02), True), ((0.0, 0.02), False)]
)
def test_an_interval_that_includes_none_is_no_more_than_chance(interval: tuple[float, float], more: bool) -> None:
    assert Step.model_validate({**STEP, "ci95": interval}).is_more_than_chance == more


def test_forbidden_operators_are_found_by_name_and_by_what_they_compute_in(tmp_path: Path) -> None:
    operators = {"CONV_2D": {"integer": 3, "float": 0}, "SUB": {"integer": 1, "float": 1}}
    facts = {"uint8": {"bytes": 1, "sha256": "0" * 64, "operators": operators}}
    (tmp_path / "files.json").write_text(json.dumps(facts))
    (file,) = read_files(tmp_path / "files.json", "evaluate@r").values()
    assert isinstance(file, FileFacts)
    assert file.forbidden(["FLOAT"]) == ["SUB"]
    assert file.forbidden(["CONV_2D"]) == ["CONV_2D"]
    assert file.forbidden(["FLOAT", "CONV_2D"]) == ["CONV_2D", "SUB"]
    assert file.forbidden(["WHILE"]) == []
