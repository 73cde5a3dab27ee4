"""Which GPUs a process takes of those that it sees."""

import pytest

from octet.common.device import own_share


@pytest.mark.parametrize(
    ("gpus", "count", "before", "processes", "own"),
    [
        ("ABCD", 1, 0, 1, "A"),  # alone
        ("ABCD", 4, 0, 1, "ABCD"),
        ("ABCD", 2, 0, 2, "AB"),  # it sees those of its neighbours, too
        ("ABCD", 2, 1, 2, "CD"),
        ("ABCD", 1, 2, 4, "C"),
        ("AB", 2, 1, 2, "AB"),  # a launcher gave it its own
        ("A", 1, 3, 4, "A"),
    ],
)
def test_processes_on_a_machine_take_different_gpus(
    gpus: str, count: int, before: int, processes: int, own: str
) -> None:
    assert own_share(list(gpus), count, before, processes) == list(own)
