"""A log shows the progress of a long job in few lines; a terminal shows a bar."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import pytest

from octet.common.progress import Progress

COUNT = (
    "from octet.common.progress import Progress\n"
    "with Progress('pictures read', 3, 'pictures', interval=0) as p: p.advance(3)"
)


def test_a_log_gets_lines_at_the_start_in_between_and_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("voc.tar", 460_000_000, "B", initial=100_000_000, interval=0) as progress:
        progress.advance(130_000_000)
    start, between, end = capsys.readouterr().out.splitlines()
    assert start == "voc.tar: 460MB, from 100MB on"
    assert re.fullmatch(r"voc\.tar: 230MB \(50%\), [\d.]+[kMGT]?B/s, 00:00 left", between)
    assert re.fullmatch(r"voc\.tar: 230MB done, [\d.]+[kMGT]?B/s", end)


def test_a_log_gets_at_most_one_line_per_interval(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("read", 1000, "pictures", interval=3600) as progress:
        for _ in range(1000):
            progress.advance()
    start, end = capsys.readouterr().out.splitlines()
    assert start == "read: 1000 pictures"
    assert re.fullmatch(r"read: 1000 pictures done, \d+ pictures/s", end)


def test_a_slow_job_shows_its_rate_and_the_remaining_time(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    with Progress("train", 10_000, "steps", initial=1000) as progress:
        for clock[0] in range(0, 2001, 10):
            progress.advance(8)
    _, *between, _ = capsys.readouterr().out.splitlines()
    assert between[-1] == "train: 2592 steps (26%), 0.8 steps/s, 2:33:33 left"


def test_a_failed_job_is_not_reported_as_done(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), Progress("read", None, "pictures"):
        raise KeyError
    assert capsys.readouterr().out == "read: unknown number of pictures\n"


def test_a_terminal_gets_a_bar_and_no_lines() -> None:
    terminal, child_terminal = pty.openpty()
    fcntl.ioctl(child_terminal, termios.TIOCSWINSZ, struct.pack("4H", 25, 100, 0, 0))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    output = subprocess.run(
        [sys.executable, "-c", COUNT], stdout=-1, stderr=child_terminal, env=environment, check=True
    ).stdout
    bar = os.read(terminal, 1 << 16).decode()
    assert output == b""
    assert "pictures read: 100%" in bar
    assert "3/3" in bar
