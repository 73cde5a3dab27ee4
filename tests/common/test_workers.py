"""Work on all cores keeps the order of the items, limits its memory, and ends with its parent process."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from functools import cache

import pytest

from octet.common.errors import UserError
from octet.common.machine import cores
from octet.common.workers import parallel_map


def slow_if_even(number: int) -> int:
    time.sleep(0.002 * (number % 2 == 0))
    return number * number


def die_at_seven(number: int) -> int:
    if number == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def refuse_three(number: int) -> int:
    if number == 3:
        raise UserError("three is refused")
    return number


ALL_CORES = multiprocessing.get_context("fork").Barrier(cores())


@cache
def meet_the_others() -> None:
    """Wait, once in a process, until there is one on every core."""
    ALL_CORES.wait(timeout=60)


def worker_state(_: int) -> tuple[int, bool, bool]:
    meet_the_others()
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    return os.getpid(), ignored, signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_results_come_in_order() -> None:
    assert list(parallel_map(slow_if_even, range(200))) == [number * number for number in range(200)]


def test_no_items_give_no_results() -> None:
    assert list(parallel_map(slow_if_even, [])) == []


def test_few_items_are_taken_in_advance() -> None:
    """Memory does not grow with the number of items: items are taken as results are consumed."""
    taken = []

    def items() -> Iterator[int]:
        for number in range(1_000_000):
            taken.append(number)
            yield number

    results = parallel_map(slow_if_even, items())
    assert [next(results) for _ in range(100)] == [number * number for number in range(100)]
    results.close()  # type: ignore[attr-defined]  # a generator has it
    assert len(taken) < 100 + 100 * cores()


def test_all_cores_work_and_leave_interrupts_to_the_parent() -> None:
    states = set(parallel_map(worker_state, range(64 * cores())))
    assert {(ignored, default) for _, ignored, default in states} == {(True, True)}
    assert len(states) == cores()
    assert os.getpid() not in {pid for pid, *_ in states}


def test_an_error_in_a_worker_is_raised() -> None:
    with pytest.raises(UserError, match="three is refused"):
        list(parallel_map(refuse_three, range(100)))


def test_a_killed_worker_is_reported() -> None:
    with pytest.raises(UserError, match="a worker process was killed, most likely for lack of memory"):
        list(parallel_map(die_at_seven, range(100)))
