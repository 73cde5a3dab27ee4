"""Work for all cores: one process a core, results in order, and never more of them waiting than a few."""

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

_PIECE = 16  # items that travel together
_WAITING = 4  # pieces a core, so that memory does not grow with the work


def in_order(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """`work(item)` for each item, in the items' order, whichever process was faster."""
    # Forked, a worker has what this process has imported; it must not have run an op of TensorFlow's yet.
    context = multiprocessing.get_context("fork")
    pieces = iter(items)
    waiting: deque[Future[list[Result]]] = deque()
    with ProcessPoolExecutor(cores(), context, initializer=leave_signals_to_parent) as pool:
        try:
            while True:
                while len(waiting) < _WAITING * cores() and (piece := list(islice(pieces, _PIECE))):
                    waiting.append(pool.submit(_each, work, piece))
                if not waiting:
                    return
                yield from waiting.popleft().result()
        except BrokenProcessPool:
            raise UserError("a worker process was killed, most likely for want of memory: give it more") from None
        finally:
            pool.shutdown(cancel_futures=True)


def _each(work: Callable[[Item], Result], piece: list[Item]) -> list[Result]:
    return [work(item) for item in piece]


def leave_signals_to_parent() -> None:
    """Leave interruptions to the parent process, and do not outlive it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
