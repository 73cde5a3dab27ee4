"""What people run by hand is found by one name, and none of it is imported to say so."""

import subprocess
import sys

import pytest

from conftest import ROOT

COMMANDS = sorted(file.stem for file in (ROOT / "src" / "octet" / "commands").glob("[!_]*.py"))


def octet(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-X", "importtime", "src/octet", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize("words", [(), ("--help",)])
def test_every_command_is_listed_with_what_it_does(words: tuple[str, ...]) -> None:
    result = octet(*words)
    assert result.returncode == 0
    listed = dict(line.split(maxsplit=1) for line in result.stdout.partition("Commands:\n")[2].splitlines())
    assert sorted(listed) == COMMANDS
    assert "tensorflow" not in result.stderr  # of all that was imported
    assert "octet.commands" not in result.stderr


def test_what_is_no_command_is_told_which_are() -> None:
    result = octet("detekt")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == f"octet: no command 'detekt'; there are: {', '.join(COMMANDS)}"
