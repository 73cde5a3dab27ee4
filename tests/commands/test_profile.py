"""A profile has every layer of a file; how fast they are is no test's matter. A stranger's file ends in a message."""

import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from conftest import ROOT, Project
from helpers.small_files import branched_file, detector_file
from octet.commands.profiling import child
from octet.commands.profiling.table import profile_table
from octet.commands.profiling.timing import operator_times, time_operators
from octet.common.children import run_in_child
from octet.common.errors import UserError
from octet.measuring.profile import Profile, read_profile
from octet.reporting.measured import profile_section
from octet.tflite.running.operators import list_operators


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Profile:
    folder = tmp_path_factory.mktemp("profile")
    file, written = folder / "detector.tflite", folder / "profile.json"
    file.write_bytes(detector_file())
    result = Project(ROOT).octet("profile", str(file), "--seconds", "600", "--top", "3", "--json", str(written))
    assert result.returncode == 0, result.stderr
    assert "the other " in result.stdout
    return read_profile(written, "quickstart")


def test_every_operator_is_a_layer(profile: Profile) -> None:
    assert [layer.operator for layer in profile.layers] == [of.name for of in list_operators(detector_file())]
    assert all(layer.ms >= 0 for layer in profile.layers)
    assert (profile.file, profile.threads, profile.bytes) == ("detector.tflite", 1, len(detector_file()))
    assert profile.rounds >= 3


def test_the_chart_and_the_table_show_the_slowest_and_the_sum_of_all_others(profile: Profile) -> None:
    slowest = max(profile.layers, key=lambda layer: layer.ms)
    head, first, other, everything, *_ = profile_table(profile, 1).splitlines()
    assert head.startswith("layer")
    assert f"{slowest.ms:.3f}" in first
    assert other.startswith(f"the other {len(profile.layers) - 1}")
    assert f"{profile.sum_ms:.3f}" in everything
    section = profile_section(profile, profile.sha256)
    assert section.count("<svg") == 2
    assert f"{slowest.ms:.2f} ms" in section
    assert "earlier version" not in section
    assert "earlier version" in profile_section(profile, "another")


def test_no_operator_takes_less_than_nothing() -> None:
    measured = [1.0, 3.0, 2.0, 2.0, 6.0, 5.9]
    times = operator_times(measured)
    assert times.min() >= 0
    fitted = np.cumsum(times)
    np.testing.assert_allclose(fitted, [1, 7 / 3, 7 / 3, 7 / 3, 5.95, 5.95])
    np.testing.assert_allclose(operator_times([1, 2, 4]), [1, 1, 2])


def test_too_little_time_is_refused_with_what_is_needed() -> None:
    with pytest.raises(UserError, match=r"allow more with --seconds \d+"):
        time_operators(branched_file(integer=False), 1, 1e-9)


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "1000000"])
def test_a_time_that_no_measurement_takes_is_refused(seconds: str, tmp_path: Path) -> None:
    (tmp_path / "some.tflite").touch()
    result = Project(ROOT).octet("profile", str(tmp_path / "some.tflite"), "--seconds", seconds)
    assert (result.returncode, f"found {seconds}, expected seconds above 0" in result.stderr) == (2, True)


@pytest.mark.parametrize("name", [".", "", "/", "{folder}"])
def test_a_folder_to_write_to_is_refused_before_anything_is_measured(name: str, tmp_path: Path) -> None:
    (tmp_path / "some.tflite").touch()
    output = name.format(folder=tmp_path)
    result = Project(ROOT).octet("profile", str(tmp_path / "some.tflite"), "--json", output)
    told = f"octet: --json {output or '.'}: is a folder, expected the name of a file\n"
    assert (result.returncode, result.stdout, result.stderr) == (1, "", told)


@pytest.mark.parametrize("count", ["0", "-1"])
def test_at_least_one_layer_is_printed(count: str) -> None:
    result = Project(ROOT).octet("profile", "some.tflite", "--top", count)
    assert (result.returncode, f"--top: found {count}, expected 1 or more" in result.stderr) == (2, True)


@pytest.mark.parametrize("content", [b"", b"no model", b"TFL3" * 9, branched_file(integer=True)[:3000]])
def test_what_is_no_model_is_refused_in_one_line(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "strange.tflite"
    file.write_bytes(content)
    result = Project(ROOT).octet("profile", str(file))
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"octet: {file}: ")


def die(_: Connection) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def test_a_file_that_crashes_the_runtime_is_named() -> None:
    with pytest.raises(UserError, match=r"strange.tflite: .* died \(SIGSEGV: the file may be damaged\)"):
        run_in_child(die, (), 600, "strange.tflite")


def test_a_file_that_never_ends_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "_PATIENCE", (0, 0.01))
    (tmp_path / "endless.tflite").write_bytes(branched_file(integer=False))
    with pytest.raises(UserError, match=r"endless.tflite: has not come to an end after 0 s"):
        child.profile_in_child(tmp_path / "endless.tflite", 1, 60)
