"""A log tells how far a long job is without being flooded; a terminal has a bar."""

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


def test_a_log_gets_a_line_at_the_start_now_and_then_and_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("voc.tar", 460_000_000, "B", initial=100_000_000, interval=0) as progress:
        progress.advance(130_000_000)
    start, then, end = capsys.readouterr().out.splitlines()
    assert start == "voc.tar: 460MB, from 100MB on"
    assert re.fullmatch(r"voc\.tar: 230MB \(50%\), [\d.]+[kMGT]?B/s, 00:00 left", then)
    assert re.fullmatch(r"voc\.tar: 230MB done, [\d.]+[kMGT]?B/s", end)


def test_a_log_gets_no_more_than_a_line_an_interval(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("read", 1000, "pictures", interval=3600) as progress:
        for _ in range(1000):
            progress.advance()
    start, end = capsys.readouterr().out.splitlines()
    assert start == "read: 1000 pictures"
    assert re.fullmatch(r"read: 1000 pictures done, \d+ pictures/s", end)


def test_a_slow_job_tells_its_rate_and_how_long_it_takes_yet(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    with Progress("train", 10_000, "steps", initial=1000) as progress:
        for clock[0] in range(0, 2001, 10):
            progress.advance(8)
    _, *now_and_then, _ = capsys.readouterr().out.splitlines()
    assert now_and_then[-1] == "train: 2592 steps (26%), 0.8 steps/s, 2:33:33 left"


def test_what_was_broken_off_is_not_done(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), Progress("read", None, "pictures"):
        raise KeyError
    assert capsys.readouterr().out == "read: unknown number of pictures\n"


def test_a_terminal_gets_a_bar_and_no_lines() -> None:
    terminal, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 25, 100, 0, 0))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    said = subprocess.run([sys.executable, "-c", COUNT], stdout=-1, stderr=theirs, env=environment, check=True).stdout
    bar = os.read(terminal, 1 << 16).decode()
    assert said == b""
    assert "pictures read: 100%" in bar
    assert "3/3" in bar
