"""Two trainings of many steps, side by side on busy cores, end in the same bytes."""

import os
import subprocess
import sys
from pathlib import Path

from conftest import ROOT


def test_two_trainings_side_by_side_are_the_same() -> None:
    script = str(Path(__file__).with_name("train_some_steps.py"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    runs = [
        subprocess.Popen([sys.executable, script], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    first, second = (run.communicate()[0] for run in runs)
    assert len(first.strip()) == 64
    assert first == second
