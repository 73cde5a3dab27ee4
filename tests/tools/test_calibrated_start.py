"""What eight bits cost before quantization-aware training is told in each metric, with an interval."""

import json
import re
import sys

import pytest

from conftest import Project


def test_the_start_of_a_training_is_compared_with_the_float_network(reproduced: Project) -> None:
    result = reproduced.run("env", "PYTHONPATH=src", sys.executable, "tools/calibrated_start.py", "quickstart")
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["mAP50", "mAP50-95"]
    scores = json.loads((reproduced.folder / "reports/quickstart/evaluation.json").read_text())["variants"]["float"]
    number = r"([-+]?\d\.\d{4})"
    for line, metric in zip(lines, ("voc12_map", "coco_map"), strict=True):
        told = re.fullmatch(rf"\S+ {number}, from float {number} \({number} to {number}\)", line)
        assert told
        score, change, low, high = map(float, told.groups())
        assert score - change == pytest.approx(scores[metric], abs=1.1e-4)  # both are rounded
        assert low <= change <= high
