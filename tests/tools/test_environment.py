"""What make puts into .venv: the command `octet`, the path of DVC's stages, and all of it once."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import ROOT, Project

OCTET = ROOT / "tools" / "environment" / "octet"


@pytest.fixture
def installed(project: Project) -> Path:
    """The command `octet` in the project's .venv, with the python that runs the tests."""
    place = project.folder / ".venv" / "bin"
    place.mkdir(parents=True)
    shutil.copy(OCTET, place)
    (place / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (place / "python").chmod(0o755)
    return place / "octet"


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True)


def test_octet_runs_its_projects_code_from_any_folder(installed: Path, project: Project, tmp_path: Path) -> None:
    commands = project.folder / "src" / "octet" / "commands"
    (commands / "only_here.py").write_text('"""A command of this project alone."""\n')
    folder = tmp_path / "elsewhere"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "octet").symlink_to(installed)
    for command, cwd in ((installed, folder), (".venv/bin/octet", project.folder), ("bin/octet", folder)):
        result = run(command, cwd=cwd)
        assert (result.returncode, result.stderr) == (0, "")
        assert "A command of this project alone." in result.stdout
    on_path = run("octet", cwd=folder, PATH=f"{installed.parent}{os.pathsep}{os.environ['PATH']}")
    assert "A command of this project alone." in on_path.stdout


def test_octet_of_a_venv_outside_of_projects_runs_the_code_of_the_working_directory(
    installed: Path, project: Project, tmp_path: Path
) -> None:
    """As in the container, into which the project is mounted."""
    moved = tmp_path / "a" / "venv"
    moved.parent.mkdir()
    installed.parents[1].rename(moved)
    assert run(moved / "bin" / "octet", cwd=project.folder).stdout.startswith("Octet's commands")
    lost = run(moved / "bin" / "octet", cwd=tmp_path / "a")
    assert lost.returncode == 1
    assert lost.stderr == "octet: src/octet does not exist here: run the command in the top folder of the repository\n"


def test_every_user_of_the_image_may_run_octet_whatever_the_mode_of_the_file_that_is_copied() -> None:
    """A clone that was made under a strict umask has it for its owner alone, and Docker copies the mode."""
    _, copied, then = (ROOT / "Dockerfile").read_text().partition("\nCOPY tools/environment/octet /venv/bin/\n")
    assert copied
    before_another_user, _, _ = then.partition("\nUSER ")
    assert "RUN chmod 755 /venv/bin/octet" in before_another_user.splitlines()


@pytest.mark.skipif("OCTET_IMAGE" in os.environ, reason="the image sets PATH for every process")
def test_a_stage_runs_with_the_python_that_runs_dvc(tmp_path: Path) -> None:
    """Nobody has activated the environment: PATH has the system's programs alone."""
    (tmp_path / "dvc.yaml").write_text(
        "stages:\n  say:\n    cmd: python -c 'import sys; print(sys.prefix)' > prefix\n    outs: [prefix]\n"
    )
    dvc = Path(sys.prefix, "bin", "dvc")
    assert run(dvc, "init", "--no-scm", "--quiet", cwd=tmp_path).returncode == 0
    result = run(dvc, "repro", cwd=tmp_path, PATH=os.defpath)
    assert result.returncode == 0, result.stderr
    assert Path((tmp_path / "prefix").read_text().strip()).samefile(sys.prefix)


@pytest.fixture
def clone(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.delenv("OCTET_IMAGE", raising=False)
    shutil.copy(ROOT / "Makefile", project.folder)
    yield project


def test_a_second_make_waits_for_the_first_and_finds_it_done(clone: Project) -> None:
    venv = clone.folder / ".venv"
    venv.mkdir()
    with (venv / "lock").open("w") as lock:  # as the first make holds it
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = clone.start("make", ".venv/runtime")
        assert second.stdout
        assert second.stdout.readline() == "waiting for another make, which is setting up .venv\n"
        (venv / "runtime").touch()
    out, err = second.communicate()
    assert (second.returncode, out, err) == (0, "", "")
    assert sorted(path.name for path in venv.iterdir()) == ["lock", "runtime"]
