"""The width of an interval over fewer test pictures is told in both metrics."""

import re
import sys

from conftest import Project


def test_fewer_pictures_have_an_interval_in_each_metric(reproduced: Project) -> None:
    result = reproduced.run("env", "PYTHONPATH=src", sys.executable, "tools/interval_width.py", "quickstart", "3")
    assert result.returncode == 0, result.stderr
    assert re.findall(r"^(mAP\S+): the interval is \d\.\d{4} wide", result.stdout, re.MULTILINE) == [
        "mAP50",
        "mAP50-95",
    ]
