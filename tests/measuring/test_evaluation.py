"""evaluation.json and files.json are read as they were written, or refused with the place of the error."""

import json
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import pytest

from conftest import detection_recipe
from octet.common.errors import UserError
from octet.measuring.evaluation import (
    STEPS,
    Comparison,
    Drop,
    Evaluation,
    Gate,
    Step,
    TestSet,
    Variant,
    read_evaluation,
    write_evaluation,
)
from octet.measuring.files import FileFacts, read_files
from octet.measuring.gate import check_limits, gate_table, judge_gate
from octet.measuring.layers import read_layers
from octet.measuring.metrics import write_metrics
from octet.measuring.reading import read_numbers

STEP = {"from": "float", "to": "control", "metric": "voc12_map", "delta": -0.01, "ci95": [-0.02, -0.001]}
RECIPE = detection_recipe()


@pytest.fixture
def evaluation_file(tmp_path: Path) -> Path:
    scores = {
        "float": {"voc12_map": 0.5, "voc07_map": 0.9, "coco_map": 0.3, "per_class": {"a": {"recall": 0.25}}},
        "uint8": {
            "voc12_map": 0.49,
            "voc07_map": 0.8,
            "coco_map": 0.29,
            "coco_map_small": None,
            "per_class": {},
            "bytes": 12,
            "sha256": "0" * 64,
        },
    }
    evaluation = Evaluation(
        dataset=TestSet(recipe="r", task="t", images=3, classes=("a", "b")),
        variants={name: Variant.model_validate(scores.get(name, scores["float"])) for name in chain(*STEPS)},
        ledger=tuple(
            Step.model_validate({**STEP, "from": before, "to": after, "metric": metric})
            for metric in RECIPE.max_drops
            for before, after in STEPS
        ),
        gate=Gate(
            max_drop=0.02,
            drop=0.01,
            min_score=0.4,
            passed=True,
            by_metric={metric: Drop(max_drop=0.02, drop=0.01) for metric in RECIPE.max_drops},
        ),
    )
    write_evaluation(tmp_path / "evaluation.json", evaluation)
    return tmp_path / "evaluation.json"


def test_the_evaluation_is_read_as_written_with_the_scores_first(evaluation_file: Path) -> None:
    content = json.loads(evaluation_file.read_text())
    assert list(content) == ["dataset", "variants", "ledger", "gate"]
    assert list(content["variants"]["float"]) == ["voc12_map", "voc07_map", "coco_map", "per_class"]
    assert list(content["variants"]["uint8"])[-3:] == ["per_class", "bytes", "sha256"]
    assert content["variants"]["uint8"]["coco_map_small"] is None
    assert content["ledger"][0] == STEP
    read = read_evaluation(evaluation_file, RECIPE)
    assert read.variants["float"]["voc07_map"] == 0.9
    assert read.variants["uint8"].get("coco_map_small") is None
    for metric in ("voc12_map", "coco_map"):
        assert [step.after for step in read.steps(metric)] == [after for _, after in STEPS]
    assert list(read.steps("voc07_map")) == []
    before = evaluation_file.read_bytes()
    write_evaluation(evaluation_file, read)
    assert evaluation_file.read_bytes() == before


def test_the_metrics_are_the_deciding_scores_alone(evaluation_file: Path) -> None:
    evaluation = read_evaluation(evaluation_file, RECIPE)
    write_metrics(evaluation_file.with_name("metrics.json"), evaluation, RECIPE.max_drops)
    content = json.loads(evaluation_file.with_name("metrics.json").read_text())
    assert content == {
        "voc12_map": {"float": 0.5, "uint8": 0.49, "change": -0.01},
        "coco_map": {"float": 0.3, "uint8": 0.29, "change": -0.01},
    }


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda content: content["gate"].pop("drop"), "gate.drop"),
        (lambda content: content["ledger"][0].pop("to"), "ledger.0.to"),
        (lambda content: content["ledger"].pop(6), "the step from float to uint8 in voc12_map: is missing"),
        (lambda content: content["ledger"].pop(-1), "the step from uint8 to uint8_raw in coco_map: is missing"),
        (lambda content: content["gate"]["by_metric"].pop("coco_map"), r"gate\.by_metric\.coco_map: is missing"),
        (lambda content: content["variants"]["float"].update(coco_map=None), r"float\.coco_map: is missing"),
        (lambda content: content["variants"].pop("uint8_raw"), "uint8_raw: is missing"),
        (lambda content: content["variants"]["float"].pop("voc12_map"), r"float\.voc12_map: is missing"),
        (lambda content: content["variants"]["float"].update(voc12_map="high"), r"variants\.float\.voc12_map"),
        (lambda content: content["variants"]["float"].update(voc12_map=float("nan")), r"variants\.float\.voc12_map"),
        (lambda content: content["variants"]["float"].update(voc12_map="0.5"), r"variants\.float\.voc12_map"),
        (lambda content: content["variants"].update({"\x1b[2J": {"per_class": {}}}), r"variants\.\\x1b\[2J"),
        (lambda content: content.update(extra=1), "extra"),
    ],
)
def test_an_error_in_the_evaluation_is_named(evaluation_file: Path, change: object, place: str) -> None:
    content = json.loads(evaluation_file.read_text())
    change(content)  # type: ignore[operator]
    evaluation_file.write_text(json.dumps(content))
    with pytest.raises(
        UserError, match=rf"evaluation\.json: {place}.*: run `dvc repro score@quickstart` again"
    ) as error:
        read_evaluation(evaluation_file, RECIPE)
    assert str(error.value).isprintable()


BROKEN = {
    "empty": (b"", "EOF"),
    "half": (b'{"bytes": ', "EOF"),
    "no text": (b"\xff\xfe{}", "Invalid JSON"),
    "a list": (b"[]", "should be"),
    "nothing": (b"null", "should be"),
    "deep": (b"[" * 100_000, "Invalid JSON"),
}


@pytest.mark.parametrize(("content", "told"), BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize(
    ("name", "stage", "read"),
    [
        ("evaluation.json", "score", lambda path: read_evaluation(path, RECIPE)),
        ("files.json", "evaluate", lambda path: read_files(path, RECIPE)),
        ("layers.json", "layers", lambda path: read_layers(path, "layers@quickstart")),
    ],
)
def test_a_broken_file_is_named_with_the_stage_that_makes_it(
    tmp_path: Path, name: str, stage: str, read: Callable[[Path], object], content: bytes, told: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as error:
        read(tmp_path / name)
    (line,) = str(error.value).splitlines()
    assert line.startswith(f"{tmp_path / name}: ") and ": : " not in line and line.isprintable()
    assert told in line and line.endswith(f": run `dvc repro {stage}@quickstart` again")


def test_a_file_that_the_gate_looks_at_is_asked_for(tmp_path: Path) -> None:
    facts = {"bytes": 1, "sha256": "", "operators": {}}
    (tmp_path / "files.json").write_text(json.dumps({"uint8": facts}))
    with pytest.raises(
        UserError, match=r"files\.json: uint8_raw: is missing: run `dvc repro evaluate@quickstart` again"
    ):
        read_files(tmp_path / "files.json", RECIPE)


@pytest.mark.parametrize("wrong", ["1e400", "NaN", '"1"', "1.5"])
def test_the_bytes_of_a_file_are_a_whole_number(tmp_path: Path, wrong: str) -> None:
    facts = f'{{"bytes": {wrong}, "sha256": "", "operators": {{}}}}'
    (tmp_path / "files.json").write_text(f'{{"uint8": {facts}, "uint8_raw": {{}}}}')
    with pytest.raises(UserError, match=r"files\.json: uint8\.bytes: "):
        read_files(tmp_path / "files.json", RECIPE)


@pytest.mark.parametrize("wrong", ["nan", "inf", "1e400"])
def test_layers_are_finite_numbers(tmp_path: Path, wrong: str) -> None:
    numbers = {"depth": 0} | dict.fromkeys(("sqnr_db", "lost_db", "max_error", "saturated", "range_used"), float(wrong))
    layer = {"layer": "a", "operator": "ADD", "advice": "", **numbers}
    (tmp_path / "layers.json").write_text(json.dumps({"conversion": [], "qat": [layer], "ptq": []}))
    with pytest.raises(UserError, match=r"layers\.json: qat\.0\.sqnr_db: .* finite"):
        read_layers(tmp_path / "layers.json", "layers@r")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "it has no rows"),
        (b"class,recall\ncat,0\n", "line 2: expected values for class, recall, precision"),
        (b"class,recall,precision\ncat,0\n", "line 2: expected values for"),
        (b"class,recall,precision\ncat,0,1,2\n", "line 2: expected values for"),
        (b"class,recall,precision\ncat,0,high\n", "line 2, precision: found 'high', expected a number"),
        (b"class,recall,precision\ncat,0,\xff\n", "can't decode byte 0xff"),
        (b"class,recall,precision\n" + b"x" * 200_000 + b",0,1\n", "field larger than field limit"),
    ],
    ids=["empty", "column", "short", "long", "word", "no text", "large"],
)
def test_a_broken_table_is_named_with_the_stage_that_makes_it(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "float.csv").write_bytes(content)
    with pytest.raises(UserError) as error:
        read_numbers(tmp_path / "float.csv", "score@r", ("class", "recall", "precision"), words=("class",))
    (line,) = str(error.value).splitlines()
    assert line.startswith(f"{tmp_path / 'float.csv'}: ") and told in line
    assert line.endswith(": run `dvc repro score@r` again")


@pytest.mark.parametrize(
    ("interval", "more"),
    [
        ((-0.02, 0.01), False),
        ((-0.02, -0.01), True),
        ((0.01, 0.02), True),
        ((0.0, 0.02), False),
        ((-0.02, -0.00003), False),  # which is shown as 0
    ],
)
def test_an_interval_that_includes_0_is_no_more_than_chance(interval: tuple[float, float], more: bool) -> None:
    assert Step.model_validate({**STEP, "ci95": interval}).leaves_out_0 == more


@pytest.mark.parametrize(("p", "more"), [(0.125, False), (0.031, True), (None, True)])
def test_what_an_exact_test_calls_chance_is_chance(p: float | None, more: bool) -> None:
    """The bootstrap's interval of four answers lost and none gained leaves out 0."""
    step = Step.model_validate({**STEP, "ci95": (-0.0151, -0.0019)})
    tested = {("float", "uint8"): 1.0} | ({} if p is None else {(step.before, step.after): p})
    compared = [
        Comparison.model_validate({"from": before, "to": after, "mcnemar_p": p})
        for (before, after), p in tested.items()
    ]
    found = Evaluation.model_construct(comparisons=tuple(compared))
    assert found.is_more_than_chance(step) == more


def scored(**drops: float) -> tuple[dict[str, Variant], list[Step]]:
    """The float model and a shipped file that scores so much less in each metric, and the step between them."""
    scores = {"float": dict.fromkeys(drops, 0.9), "uint8": {metric: 0.9 - drop for metric, drop in drops.items()}}
    return (
        {name: Variant.model_validate({**of, "per_class": {}}) for name, of in scores.items()},
        [Step.model_validate({**STEP, "to": "uint8", "metric": metric, "delta": -drops[metric]}) for metric in drops],
    )


@pytest.mark.parametrize(
    ("voc12_map", "coco_map", "failed"),
    [(0.01, 0.01, []), (0.01, 0.03, ["change of mAP50-95"]), (0.03, 0.01, ["change of mAP50"])],
)
def test_a_drop_in_one_metric_alone_closes_the_gate(voc12_map: float, coco_map: float, failed: list[str]) -> None:
    facts = FileFacts(bytes=1, sha256="0" * 64, operators={})
    judged = (*scored(voc12_map=voc12_map, coco_map=coco_map), {"uint8": facts, "uint8_raw": facts}, RECIPE)
    checks = check_limits(*judged)
    assert [check.name for check in checks if not check.passed] == failed
    assert all("-0.0200 to -0.0010" in line for line in gate_table(checks).splitlines()[:2])
    gate = judge_gate(*judged)
    assert (gate.passed, gate.drop) == (not failed, voc12_map)
    assert {metric: drop.drop for metric, drop in gate.by_metric.items()} == {
        "voc12_map": voc12_map,
        "coco_map": coco_map,
    }


def test_the_gate_tells_the_ledgers_change_not_that_of_rounded_scores() -> None:
    """0.95732 - 0.95706 is 0.00026, but the scores before rounding may differ by 0.00025."""
    variants, steps = scored(voc12_map=0.00025, coco_map=0.0)
    variants["float"] = variants["float"].model_copy(update={"voc12_map": 0.95732})
    variants["uint8"] = variants["uint8"].model_copy(update={"voc12_map": 0.95706})
    facts = FileFacts(bytes=1, sha256="0" * 64, operators={})
    assert judge_gate(variants, steps, {"uint8": facts, "uint8_raw": facts}, RECIPE).drop == 0.00025


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
    (tmp_path / "files.json").write_text(json.dumps(facts | {"uint8_raw": facts["uint8"]}))
    files = read_files(tmp_path / "files.json", RECIPE)
    limits = RECIPE.score.model_copy(update={"forbidden_operators": {"uint8": names}})
    recipe = RECIPE.model_copy(update={"score": limits})
    check = check_limits(*scored(voc12_map=0, coco_map=0), files, recipe)[-1]
    assert (check.name, check.measured, check.passed) == ("operators of uint8", found, found == "none of them")
