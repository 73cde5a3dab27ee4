"""Whatever a runtime's process does, it becomes an answer or a reason."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from conftest import ROOT
from octet.devices.process import ask, run
from octet.devices.protocol import AbsentError, RefusedError


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_its_answers_and_what_it_said_come_back(tmp_path: Path) -> None:
    code = (
        "import sys, numpy, pathlib; print('said'); numpy.savez(sys.argv[1] + '.npz', numpy.arange(3));"
        "pathlib.Path(sys.argv[1] + '.json').write_text('{\"version\": \"1\"}')"
    )
    outputs, facts, said = ask(python(code), tmp_path)
    assert [list(output) for output in outputs] == [[0, 1, 2]]
    assert (facts, said) == ({"version": "1"}, "said\n")


def test_answers_of_an_earlier_run_are_not_taken_for_its_own(tmp_path: Path) -> None:
    np.savez(tmp_path / "answers.npz", np.arange(3))
    (tmp_path / "answers.json").write_text("{}")
    with pytest.raises(RefusedError, match="answers cannot be read"):
        ask(python("pass"), tmp_path)


@pytest.mark.parametrize(
    ("code", "error", "reason"),
    [
        ("import os; os.kill(os.getpid(), 11)", RefusedError, "died of SIGSEGV"),
        ("import os; os.abort()", RefusedError, "died of SIGABRT"),
        ("raise ValueError('no such operator: FOO')", RefusedError, "ValueError: no such operator: FOO"),
        ("import sys; sys.exit(3)", RefusedError, "ended with code 3 and said nothing"),
        ("import no_such_runtime", AbsentError, "No module named 'no_such_runtime'"),
        ("x = bytearray(64 << 30)", RefusedError, "MemoryError"),
    ],
)
def test_every_bad_end_has_a_reason(tmp_path: Path, code: str, error: type[Exception], reason: str) -> None:
    with pytest.raises(error, match=reason):
        run(python(code), tmp_path)


def test_a_lower_limit_of_memory_stays(tmp_path: Path) -> None:
    """Nobody but root may raise a hard limit, and it would end every runtime's process to try."""
    limits = "import resource; print(resource.getrlimit(resource.RLIMIT_DATA)[1])"
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_DATA, (4 << 30, 4 << 30));"
        "from pathlib import Path; from octet.devices.process import run;"
        f"print(run([sys.executable, '-c', {limits!r}], Path()))"
    )
    result = subprocess.run(
        python(code), cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True
    )
    assert result.stdout.split() == [str(4 << 30)], result.stderr


def test_what_it_says_is_safe_to_print(tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as caught:
        run(python(r"import sys; sys.exit('\x1b[31mred')"), tmp_path)
    assert str(caught.value) == r"\x1b[31mred"


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(AbsentError, match="no-such-program cannot be started: No such file"):
        run(["no-such-program"], tmp_path)


def test_one_that_never_ends_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, subprocess, time; child = subprocess.Popen(['sleep', '1000']);"
        "pathlib.Path('child').write_text(str(child.pid)); time.sleep(1000)"
    )
    with pytest.raises(RefusedError, match="gave no answer in"):
        run(python(code), tmp_path, seconds=5)
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 60
    while is_running(child):
        assert time.monotonic() < deadline


def is_running(process: int) -> bool:
    """Whether a process is there and is no zombie that nobody has waited for."""
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
