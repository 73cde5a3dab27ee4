"""Which GPUs a process takes of those that it sees."""

import pytest

from octet.common.device import own_share
from octet.common.errors import UserError


@pytest.mark.parametrize(
    ("gpus", "count", "before", "processes", "own"),
    [
        ("ABCD", 1, 0, 1, "A"),  # alone
        ("ABCD", 4, 0, 1, "ABCD"),
        ("ABCD", 2, 0, 2, "AB"),  # it sees those of its neighbours, too
        ("ABCD", 2, 1, 2, "CD"),
        ("ABCD", 1, 2, 4, "C"),
        ("", 1, 1, 2, ""),  # on CPUs
    ],
)
def test_processes_on_a_machine_take_different_gpus(
    gpus: str, count: int, before: int, processes: int, own: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert own_share(list(gpus), count, before, processes) == list(own)


@pytest.mark.parametrize(("gpus", "count", "before", "processes"), [("AB", 2, 1, 2), ("A", 1, 3, 4), ("ABC", 2, 0, 2)])
def test_too_few_for_all_are_those_that_a_launcher_gave_or_an_error(
    gpus: str, count: int, before: int, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert own_share(list(gpus), count, before, processes) == list(gpus[:count])
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    with pytest.raises(UserError, match=f"{processes} processes on this machine need {processes * count} GPUs"):
        own_share(list(gpus), count, before, processes)
