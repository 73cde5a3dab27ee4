"""The end of a run: what it says, in which order, and the page with what this machine adds."""

import json
from pathlib import Path

import pytest

from conftest import Project, detection_recipe
from octet.commands.benchmark.speed import FileSpeed, Speed
from octet.commands.ending.page import fill_slots
from octet.commands.ending.sentence import sentence, size_in_words
from octet.commands.ending.style import BOLD, styled
from octet.commands.ending.table import scores_table
from octet.common.errors import UserError
from octet.measuring.evaluation import Evaluation, Gate, Step, TestSet, Variant

SCORES = {
    "float": {"voc07_map": 0.5, "voc12_map": 0.6, "coco_map": 0.3},
    "float32": {"voc07_map": 0.5, "voc12_map": 0.6, "coco_map": 0.3, "bytes": 2_500_000},
    "uint8": {"voc07_map": 0.4, "voc12_map": 0.55, "coco_map": 0.31, "bytes": 1_250_000},
}
SPEED = Speed(
    machine="a processor",
    files={
        "float32": FileSpeed(sha256="f", milliseconds=3),
        "uint8": FileSpeed(sha256="u", milliseconds=1.25),
    },
)


def step(before: str, after: str, delta: float, low: float, high: float, metric: str = "voc12_map") -> Step:
    return Step.model_validate({"from": before, "to": after, "metric": metric, "delta": delta, "ci95": (low, high)})


def evaluation(*steps: Step) -> Evaluation:
    return Evaluation(
        dataset=TestSet(recipe="quickstart", task="detection", images=500, classes=("star",)),
        variants={name: Variant.model_validate({**of, "per_class": {}}) for name, of in SCORES.items()},
        ledger=steps,
        gate=Gate(max_drop=0.1, drop=0.05, min_score=0.1, passed=True, by_metric={}),
    )


def test_the_table_says_the_change_against_float_and_marks_what_ships() -> None:
    found = evaluation(
        step("float", "uint8", -0.05, -0.07, 0.00001),
        step("int8_ptq", "uint8", 0.2, 0.1, 0.3),
        step("float", "uint8", 0.01, 0.005, 0.02, "coco_map"),
    )
    head, *rows = (line.split() for line in scores_table(found, detection_recipe(), SPEED).splitlines())
    change = ["change", "95", "%", "interval"]
    assert head == ["variant", "mAP50", *change, "mAP50-95", *change, "MB", "ms"]
    voc, coco = ["-0.0500", "-0.0700", "to", "+0.0000"], ["+0.0100", "+0.0050", "to", "+0.0200"]
    assert rows == [
        ["float", "0.6000", "0.3000"],
        ["float32", "0.6000", "0.3000", "2.50", "3.00"],
        [">", "uint8", "0.5500", *voc, "0.3100", *coco, "1.25", "1.25"],
    ]


@pytest.mark.parametrize(("high", "chance"), [(-0.01, "more than chance"), (0.01, "no more than chance")])
def test_the_sentence(high: float, chance: str) -> None:
    said = sentence(evaluation(step("float", "uint8", -0.05, -0.07, high)), detection_recipe(), SPEED)
    assert said == (
        "The 8-bit file of quickstart scores 55.0 % mAP50 on 500 test pictures, with half of float32's size and "
        f"2.4 times its speed; against the float model mAP50 changed by -0.0500, {chance}."
    )


@pytest.mark.parametrize(("share", "words"), [(0.26, "a quarter"), (0.32, "a third"), (0.5, "half"), (0.4, "40%")])
def test_a_size_that_is_near_a_part_is_called_so(share: float, words: str) -> None:
    assert size_in_words(share) == words


def test_styles_are_for_terminals_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert styled("text", BOLD) == "text"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert styled("text", BOLD) == "\033[1mtext\033[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert styled("text", BOLD) == "text"


def test_a_slot_is_filled_and_the_others_stay() -> None:
    page = "<p><!--slot a-->old<!--end of slot a--></p><!--slot b-->kept<!--end of slot b-->"
    assert fill_slots(page, {"a": r"new \1"}) == r"<p>new \1</p><!--slot b-->kept<!--end of slot b-->"
    with pytest.raises(UserError, match="the page has no slot c, as it was made by another version"):
        fill_slots(page, {"c": ""})


@pytest.fixture
def finished(project: Project, reproduced: Project) -> Project:
    """A copy of a project whose pipeline has run."""
    project.take(reproduced, "models", "reports")
    return project


def test_it_ends_with_what_to_do_next(finished: Project) -> None:
    result = finished.octet("summary", "quickstart")
    assert result.returncode == 0, result.stderr
    assert "\033" not in result.stdout  # no terminal, no colours
    told = dict(line.split(maxsplit=1) for line in result.stdout.rpartition("\n\n")[2].splitlines()[:-1])
    assert list(told) == ["gate", "commit", "model", "page", "next"]
    assert told["model"] == "models/quickstart/detector_uint8.tflite"
    assert told["page"] == (finished.folder / "runs/quickstart/report.html").as_uri()


def test_scores_of_other_files_are_not_told(finished: Project) -> None:
    """As where convert ran, and score did not."""
    file = finished.folder / "models/quickstart/detector_uint8.tflite"
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(content + bytes(1))
    result = finished.octet("summary", "quickstart")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        "octet: models/quickstart/detector_uint8.tflite is not the file that was scored: run `dvc repro "
        "score@quickstart` first\n"
    )
    assert not (finished.folder / "runs/quickstart/report.html").exists()


def test_the_page_of_this_machine_tells_its_speed_and_the_stages_page_does_not(finished: Project) -> None:
    before = (finished.folder / "reports/quickstart/report.html").read_bytes()
    assert finished.octet("summary", "quickstart").returncode == 0
    assert (finished.folder / "reports/quickstart/report.html").read_bytes() == before
    page = (finished.folder / "runs/quickstart/report.html").read_text()
    assert "Measured on one core of" in page and "Measured on one core of" not in before.decode()
    speed = json.loads((finished.folder / "runs/quickstart/speed.json").read_text())
    assert all(of["milliseconds"] > 0 for of in speed["files"].values())
    assert f"{speed['files']['uint8']['milliseconds']:.3g} ms" in page


def test_the_speed_is_measured_once_for_the_same_files(finished: Project) -> None:
    place = finished.folder / "runs/quickstart/speed.json"
    assert finished.octet("summary", "quickstart").returncode == 0
    told = json.loads(place.read_text())
    told["files"]["uint8"]["milliseconds"] = 1234.5
    place.write_text(json.dumps(told))
    assert "1234.50" in finished.octet("summary", "quickstart").stdout
    told["files"]["uint8"]["sha256"] = "of another file"
    for other in (json.dumps(told), "cut"):
        place.write_text(other)
        assert "1234.50" not in finished.octet("summary", "quickstart").stdout


def test_the_page_shows_the_devices_that_were_tried(finished: Project) -> None:
    known = {"version": "1.0", "arch": "x86", "kernels": "XNNPACK", "same_bytes": 1.0, "max_steps": 0, "score": 0.5}
    rows = {
        "one": {"runtime": "one", "file": "uint8_raw", "status": "equal", "why": "", **known},
        "other": {"runtime": "other", "file": "uint8", "arch": "", "kernels": "", "status": "absent", "why": "<none>"},
    }
    devices = {"recipe": "quickstart", "file": "raw", "sha256": "x", "pictures": 3, "metric": "voc12_map"}
    devices |= {"files": {"uint8": "of another"}, "runtimes": rows}
    place = finished.folder / "reports/quickstart/devices.json"
    place.write_text(json.dumps(devices))
    assert finished.octet("summary", "quickstart").returncode == 0
    page = Path(finished.folder, "runs/quickstart/report.html").read_text()
    assert "Earlier versions of the files" in page
    assert "100 %" in page and "&lt;none&gt;" in page
    place.write_text("{}")
    result = finished.octet("summary", "quickstart")
    assert result.returncode == 1
    assert result.stderr.startswith("octet: reports/quickstart/devices.json")
