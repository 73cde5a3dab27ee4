"""What a source sends is counted, so that one that sends too little, or without an end, is given up."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from octet.fetching.asking import Patience, SourceError

_TIMES = 4  # as often as a file may be begun anew, in bytes


class Flow:
    """The bytes of a file that a source sends, in all attempts; `size` is the file's in the recipe, None if unknown.

    A SourceError is raised where they are too few for the time, or too many for the file.
    """

    def __init__(self, size: int | None, patience: Patience) -> None:
        self.most = size or patience.most
        self._patience, self._came = patience, 0

    def count(self, number: int) -> None:
        """Count so many bytes more."""
        self._came += number
        if self._came > _TIMES * self.most:
            raise SourceError(f"sent {self._came} bytes in all attempts, but never the whole file")

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look after every interval of the block, which an alarm interrupts whatever it is waiting for."""
        seen = self._came

        def look(_number: int, _frame: FrameType | None) -> None:
            nonlocal seen
            seen, came = self._came, self._came - seen
            if came < self._patience.least:
                expected = f"expected at least {self._patience.least}"
                raise SourceError(f"sent {came} bytes of the file in {self._patience.interval:g} s, {expected}")

        previous = signal.signal(signal.SIGALRM, look)
        signal.setitimer(signal.ITIMER_REAL, self._patience.interval, self._patience.interval)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)
