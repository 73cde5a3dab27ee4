"""Being told to stop, by Ctrl-C or SIGTERM, as something to ask for between two steps."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stop_requested(after: str = "this step") -> Iterator[Callable[[], bool]]:
    """Give a function that says whether it came, to be asked `after` each; the second time it interrupts at once."""
    told: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if told:
            signal.default_int_handler(number, frame)
        told.append(number)
        print(f"stopping after {after}", flush=True)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(told)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
