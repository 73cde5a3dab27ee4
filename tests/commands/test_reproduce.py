"""What DVC says while stages run: their names and what goes wrong, and none of its hints."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from conftest import ROOT, Project

RUN = "import sys; from octet.commands.reproduction.quiet import run_dvc; sys.exit(run_dvc(sys.argv[1:]))"
HINTS = ("git add", "autostage", "skipping", "dvc push", "lock file", "up to date")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One of git and DVC, with two stages, one after the other."""
    stages = {
        "first": {"cmd": "echo a > first", "outs": ["first"], "params": ["ends"]},
        "second": {"cmd": "test -s first && exit $(cat code)", "deps": ["first", "code"]},
    }
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    (tmp_path / "params.yaml").write_text("ends: well\n")
    (tmp_path / "code").write_text("0\n")
    for words in (("git", "init", "-q"), (sys.executable, "-m", "dvc", "init", "-q")):
        subprocess.run(words, cwd=tmp_path, check=True)
    return tmp_path


def run(repository: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", RUN, *words],
        cwd=repository,
        env=environment(repository),
        capture_output=True,
        text=True,
    )


def environment(repository: Path) -> dict[str, str]:
    return {"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin", "HOME": str(repository)}


def test_stages_are_named_and_what_did_not_change_is_not(repository: Path) -> None:
    first = run(repository, "repro")
    assert first.returncode == 0, first.stderr
    lines = [line for line in first.stdout.splitlines() if line]
    assert lines == [
        "Running stage 'first':",
        "> echo a > first",
        "Running stage 'second':",
        "> test -s first && exit $(cat code)",
    ]
    assert [hint for hint in HINTS if hint in first.stdout + first.stderr] == []
    again = run(repository, "repro")
    assert (again.returncode, again.stdout.strip(), again.stderr) == (0, "", "")


def test_what_goes_wrong_is_told_as_dvc_does(repository: Path) -> None:
    (repository / "code").write_text("3\n")
    result = run(repository, "repro")
    assert result.returncode == 255
    assert "ERROR: failed to reproduce 'second'" in result.stderr
    assert "exited with 3" in result.stderr


STOPS = """
import signal, sys
asked = []
signal.signal(signal.SIGTERM, lambda *_: asked.append(True))
print("running", flush=True)
while not asked:
    signal.pause()
print("saved", flush=True)
sys.exit(3)
"""


@pytest.mark.parametrize("command", ["python3 stops.py", "true && python3 stops.py; exit $?"])
def test_sigterm_to_dvcs_process_alone_stops_the_stage_and_waits_for_it(repository: Path, command: str) -> None:
    """As `docker stop` sends it."""
    (repository / "stops.py").write_text(STOPS)
    (repository / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"first": {"cmd": command}}}))
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, "repro"],
        cwd=repository,
        env=environment(repository),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert "running\n" in iter(process.stdout.readline, "")
    process.terminate()
    out, err = process.communicate()
    assert out == "saved\n"
    assert process.returncode == 255
    assert "exited with 3" in err


def test_a_word_that_dvc_does_not_know_is_refused(repository: Path) -> None:
    result = run(repository, "repro", "--no-such-flag")
    assert result.returncode == 254
    assert "--no-such-flag" in result.stderr


@pytest.mark.parametrize("file", ["params.yaml", "dvc.yaml", "dvc.lock"])
def test_a_file_that_is_no_yaml_is_named(repository: Path, file: str) -> None:
    assert run(repository, "repro").returncode == 0
    (repository / file).write_text("a: [\n")
    result = run(repository, "repro")
    assert result.returncode != 0
    assert file in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(("flags", "code"), [(["--dry"], 0), (["--force", "--dr"], 0), (["--dry", "--no-such"], 254)])
def test_a_dry_run_ends_as_dvc_does(project: Project, flags: list[str], code: int) -> None:
    """What ran earlier, if anything, is not told as if it were the run's end."""
    project.set_up_dvc()
    report = {"foreach": ["quickstart"], "do": {"cmd": "touch ran"}}
    (project.folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"report": report}}))
    result = project.octet("reproduce", "quickstart", *flags)
    assert result.returncode == code, result.stderr
    assert ("Running stage 'report@quickstart'" in result.stdout) == (code == 0)
    assert "octet: " not in result.stderr
    assert not (project.folder / "ran").exists()
