"""Work on all cores: one process per core, results in order, and few items in memory at a time."""

import ctypes
import multiprocessing
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import TypeVar

from octet.common.errors import UserError
from octet.common.machine import cores

Item = TypeVar("Item")
Result = TypeVar("Result")

_CHUNK = 16  # items that are sent to a process together
_WAITING = 4  # chunks per core that are computed ahead, so that memory does not grow with the number of items


def parallel_map(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Yield `function(item)` for each item, in the order of the items, computed by one process per core."""
    # A forked worker has all that this process has imported. This process must not have run a TensorFlow op before.
    context = multiprocessing.get_context("fork")
    remaining = iter(items)
    waiting: deque[Future[list[Result]]] = deque()
    with ProcessPoolExecutor(cores(), context, initializer=leave_signals_to_parent) as pool:
        try:
            while True:
                while len(waiting) < _WAITING * cores() and (chunk := list(islice(remaining, _CHUNK))):
                    waiting.append(pool.submit(_apply, function, chunk))
                if not waiting:
                    return
                yield from waiting.popleft().result()
        except BrokenProcessPool:
            raise UserError("a worker process was killed, most likely for lack of memory: give it more") from None
        finally:
            pool.shutdown(cancel_futures=True)


def _apply(function: Callable[[Item], Result], chunk: list[Item]) -> list[Result]:
    return [function(item) for item in chunk]


def leave_signals_to_parent() -> None:
    """Leave interruptions to the parent process, and do not outlive it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
