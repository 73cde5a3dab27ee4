"""Trainings end in the same bytes, also on busy cores."""

import os
import subprocess
import sys
from pathlib import Path

from conftest import ROOT


def start(*arguments: str) -> subprocess.Popen[str]:
    script = str(Path(__file__).with_name("train_some_steps.py"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.Popen(
        [sys.executable, script, *arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )


def digest(run: subprocess.Popen[str]) -> str:
    return run.communicate()[0].splitlines()[-1]


def test_two_trainings_side_by_side_are_the_same() -> None:
    """Each of them computes two micro-batches side by side, which wait for each other at batch norm's statistics."""
    runs = [start("30") for _ in range(2)]
    first, second = map(digest, runs)
    assert len(first) == 64
    assert first == second


def test_no_sum_adds_its_terms_in_the_order_of_arrival() -> None:
    """TensorFlow rewrites such a sum with references between ops, which this executor refuses."""
    run = start("1", "SINGLE_THREADED_EXECUTOR")
    assert len(digest(run)) == 64
    assert run.returncode == 0
