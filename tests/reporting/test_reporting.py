"""The page stands alone, and its bytes depend on what it is given."""

import json
import re
from pathlib import Path

import pytest

from conftest import Project
from octet.reporting.plots import training_curves
from octet.reporting.table import text_table
from octet.reporting.words import change

pytestmark = pytest.mark.xdist_group("reproduced")


def test_the_page_needs_nothing_beside_it(reproduced: Project) -> None:
    page = (reproduced.folder / "reports/quickstart/report.html").read_text()
    assert not re.findall(r'(?:src|href)="(?!data:|#)[^"]*"', page)
    assert page.count('src="data:image/jpeg;base64,') == 2 * 3  # two pictures: what there is, float's, uint8's
    assert page.count("<svg") == 7
    for variant in ("float", "control", "qat", "float32", "float16", "dynamic", "int8_ptq", "uint8", "uint8_raw"):
        assert f"<tr><td>{variant}</td>" in page


def test_the_page_tells_what_was_mended_and_left_out(reproduced: Project) -> None:
    file = reproduced.folder / "data/quickstart/dataset.json"
    page = reproduced.folder / "reports/quickstart/report.html"
    before, page_before = file.read_bytes(), page.read_bytes()
    assert "Mended" not in page.read_text()
    told = json.loads(before)
    told["splits"]["train"]["mended"] = {"greyscale": 2, "box clipped": 1}
    told["splits"]["test"]["mended"] = {"greyscale": 3}
    told["skipped"]["by_kind"] = {"zero-size box": 4}
    replace(file, json.dumps(told).encode())
    assert reproduced.stage("report").returncode == 0
    assert "<p>Mended: 1 box clipped, 5 greyscale.</p><p>Left out: 4 zero-size box.</p>" in page.read_text()
    replace(file, before)
    replace(page, page_before)


def replace(file: Path, content: bytes) -> None:
    """DVC's files are linked to its cache, and not to be written into."""
    file.unlink()
    file.write_bytes(content)


def test_the_page_is_the_same_bytes_again(reproduced: Project) -> None:
    file = reproduced.folder / "reports/quickstart/report.html"
    before = file.read_bytes()
    assert reproduced.stage("report").returncode == 0
    assert file.read_bytes() == before


def test_the_summary_ends_with_the_paths(reproduced: Project) -> None:
    result = reproduced.stage("summary")
    *_, model, report = result.stdout.splitlines()
    assert model.split() == ["model:", "models/quickstart/detector_uint8.tflite"]
    assert report.split() == ["report:", "reports/quickstart/report.html"]


def test_the_table_says_the_drop_against_float() -> None:
    evaluation = {
        "variants": {
            "float": {"voc07_map": 0.5, "voc12_map": 0.6},
            "uint8": {"voc07_map": 0.4, "voc12_map": 0.55, "bytes": 1_250_000},
        },
        "ledger": [
            {"from": "float", "to": "uint8", "delta": -0.05, "ci95": [-0.07, 0.00001]},
            {"from": "int8_ptq", "to": "uint8", "delta": 0.2, "ci95": [0.1, 0.3]},
        ],
    }
    _, first, second = (line.split() for line in text_table(evaluation).splitlines())
    assert first == ["float", "0.5000", "0.6000"]
    assert second == ["uint8", "0.4000", "0.5500", "1.25", "MB", "+0.0500", "+0.0000", "to", "+0.0700"]


@pytest.mark.parametrize(
    ("interval", "known"),
    [((-0.02, 0.01), "inside the error bars"), ((-0.02, -0.01), "worse by more"), ((0.01, 0.02), "better by more")],
)
def test_a_difference_that_the_pictures_cannot_show_is_called_so(interval: tuple[float, float], known: str) -> None:
    said = change({"delta": sum(interval) / 2, "ci95": list(interval)})
    assert known in said
    assert f"{interval[0]:+.4f} to {interval[1]:+.4f}" in said


def test_plots_carry_no_date_and_no_chance() -> None:
    history = {
        "float": [{"epoch": "1", "loss": "2.5", "val_map": ""}, {"epoch": "2", "loss": "1.5", "val_map": "0.25"}]
    }
    assert training_curves(history) == training_curves(history)
    assert training_curves(history).startswith("<svg")
