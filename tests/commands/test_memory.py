"""Doctor's estimate of a training's memory is near what it takes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT

OFF_BY = 0.25  # of what was measured


@pytest.mark.slow
@pytest.mark.parametrize(
    ("recipe", "training", "micro_batches"),
    [
        ("quickstart", "train_float", 2),  # at once
        ("voc2007_small", "train_float", 4),
        ("voc2007_small", "train_qat", 1),
        ("voc2007_small", "train_qat", 2),
        ("flowers_small", "train_qat", 1),
    ],
)
def test_the_estimate_is_near_the_peak(recipe: str, training: str, micro_batches: int) -> None:
    script = Path(__file__).with_name("take_some_steps.py")
    result = subprocess.run(
        [sys.executable, script, recipe, training, str(micro_batches)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    memory = json.loads(result.stdout.splitlines()[-1])
    assert memory["estimated"] == pytest.approx(memory["measured"], rel=OFF_BY)
