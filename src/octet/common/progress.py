"""Progress of a long job: a bar on a terminal; in a log, a line at the start, one per interval, and one at the end."""

import sys
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")


class Progress:
    """Counts up to `total`, which is None if unknown, and shows it; amounts in the unit "B" are shown as MB and GB."""

    def __init__(self, title: str, total: int | None, unit: str, initial: int = 0, interval: float = 30) -> None:
        self._title, self._total, self._unit, self._initial = title, total, unit, initial
        self._interval = interval  # s between two lines in a log
        self._bar = tqdm(desc=title, total=total, unit=unit, unit_scale=unit == "B", initial=initial, disable=None)
        self._is_log = self._bar.disable  # tqdm disables its bar where there is no terminal
        self._done = initial
        self._started = self._last_line = time.monotonic()

    def __enter__(self) -> "Progress":
        if self._is_log:
            start = f", from {self._amount(self._initial)} on" if self._initial else ""
            print(f"{self._title}: {self._amount(self._total)}{start}", flush=True)
        return self

    def advance(self, amount: int = 1) -> None:
        """Count `amount` more as done, and show it when it is time to."""
        self._done += amount
        self._bar.update(amount)
        if self._is_log and time.monotonic() - self._last_line >= self._interval:
            self._last_line = time.monotonic()
            share = f" ({self._done / self._total:.0%})" if self._total else ""
            print(f"{self._title}: {self._amount(self._done)}{share}, {self._speed()}{self._left()}", flush=True)

    def say(self, line: str) -> None:
        """Print a line of text, above the bar if there is one."""
        self._bar.write(line)
        sys.stdout.flush()

    def count(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the items, and count each as done once the next one is asked for."""
        for item in items:
            yield item
            self.advance()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()
        if self._is_log and kind is None:
            print(f"{self._title}: {self._amount(self._done)} done, {self._speed()}", flush=True)

    def _rate(self) -> float:
        return (self._done - self._initial) / max(time.monotonic() - self._started, 1e-3)

    def _speed(self) -> str:
        rate = self._rate()
        return f"{self._amount(round(rate) if rate >= 10 else float(f'{rate:.2g}'))}/s"

    def _left(self) -> str:
        rate = self._rate()
        return f", {tqdm.format_interval((self._total - self._done) / rate)} left" if self._total and rate else ""

    def _amount(self, number: float | None) -> str:
        if number is None:
            return f"unknown number of {self._unit}"
        return tqdm.format_sizeof(number, "B") if self._unit == "B" else f"{number} {self._unit}"
