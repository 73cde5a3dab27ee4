"""The measurements are all there; how fast they are is no test's matter."""

import json

import pytest

from conftest import Project
from octet.common.machine import cores

FILES = {"float32": "tflite/float32.tflite", "uint8": "detector_uint8.tflite"}
PARTS = {
    "from the archives": ["decode", "preprocess"],
    "from the records": ["decode", "training input"],
    "training": ["one batch", "from the records"],
    "scoring": ["one batch", "from the records"],
    "one picture": [f"{name}{end}" for name in (*FILES, "uint8_raw", "peer") for end in ("", ", from a JPEG")],
    "scoring a file": ["file"],
}

SHARED = {"training on two cores": ["one replica", "two in a process", "two processes"]} if cores() > 1 else {}


@pytest.mark.slow
def test_every_part_is_measured_on_one_core_and_on_all(reproduced: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEER", "models/quickstart/tflite/int8_ptq.tflite")
    result = reproduced.octet("bench", "quickstart")
    assert result.returncode == 0, result.stderr
    measured = json.loads((reproduced.folder / "runs/quickstart/benchmark.json").read_text())
    shared = measured.pop("shared")
    assert {group: list(rates) for group, rates in shared.items()} == SHARED
    assert "1" in measured
    for groups in measured.values():
        assert {group: list(rates) for group, rates in groups.items()} == PARTS
        assert all(rate > 0 for rates in groups.values() for rate in rates.values())
    assert "of one core's rate" in result.stdout
    large, small = ((reproduced.folder / "models/quickstart" / file).stat().st_size for file in FILES.values())
    assert f"{small / large:.2f} of float32's" in result.stdout
    *_, table = result.stdout.split("pictures a second")
    rows = [line.rpartition(":")[2].split() for line in table.split("\n\n")[0].splitlines()[1:]]
    named = [" ".join(row[: -2 * len(measured)]) for row in rows]
    assert named == [part for parts in PARTS.values() for part in parts]
