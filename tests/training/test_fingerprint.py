"""A checkpoint belongs to its code: what a training runs changes its fingerprint."""

import subprocess
import sys
from pathlib import Path

from conftest import ROOT

SCRIPT = "from octet.training.scratch import fingerprint\nprint(fingerprint({}, []))\n"


def fingerprint_of(script: Path) -> str:
    command = [sys.executable, str(script)]
    environment = {"PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_the_stage_script_is_part_of_the_code(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    before = fingerprint_of(script)
    assert len(before.strip()) == 12
    assert fingerprint_of(script) == before
    script.write_text(SCRIPT + "# it calibrates otherwise now\n")
    assert fingerprint_of(script) != before
