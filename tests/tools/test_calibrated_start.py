"""What eight bits cost before quantization-aware training is told in each metric, with an interval."""

import re
import sys

from conftest import Project


def test_the_start_of_a_training_is_compared_with_the_float_network(reproduced: Project) -> None:
    result = reproduced.run("env", "PYTHONPATH=src", sys.executable, "tools/calibrated_start.py", "quickstart")
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["mAP50", "mAP50-95"]
    number = r"[-+]?\d\.\d{4}"
    assert all(re.fullmatch(rf"\S+ {number}, from float {number} \({number} to {number}\)", line) for line in lines)
