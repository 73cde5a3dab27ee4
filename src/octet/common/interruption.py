"""Requests to stop, by Ctrl-C, SIGTERM or a closed terminal, that a loop can check between two steps."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_REQUESTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stop_requested(after: str = "this step") -> Iterator[Callable[[], bool]]:
    """Yield a function that tells whether a request has been received; a second one by Ctrl-C interrupts at once.

    Other signals never do that: SIGTERM may be the same request once more, from a scheduler and from the process that
    started this one, and of a closed terminal the system and the shell both tell. `after` names what the caller still
    completes, for the message that is printed.
    """
    received: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        if received and number == signal.SIGINT:
            signal.default_int_handler(number, frame)
        if received:
            return
        received.append(number)
        with suppress(OSError):  # who read this, a terminal or `tee`, may have ended already
            print(f"stopping after {after}", flush=True)

    heeded = [number for number in _REQUESTS if signal.getsignal(number) is not signal.SIG_IGN]  # nohup ignores one
    previous = {number: signal.signal(number, handle) for number in heeded}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
