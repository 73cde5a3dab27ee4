"""Requests to stop, by Ctrl-C or SIGTERM, that a loop can check between two steps, or that end a wait."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from octet.common.errors import UserError

_AGAIN = 1.0  # s, since an exception that a signal raises in a destructor is lost


@contextmanager
def stop_requested(after: str = "this step") -> Iterator[Callable[[], bool]]:
    """Yield a function that tells whether Ctrl-C or SIGTERM has been received; a second signal interrupts at once.

    `after` names what the caller still completes, for the message that is printed.
    """
    received: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        if received:
            signal.default_int_handler(number, frame)
        received.append(number)
        print(f"stopping after {after}", flush=True)

    previous = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def limited_wait(name: str, seconds: float = 0) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM interrupt the block at once, and raise a UserError when it takes longer; 0 is no limit.

    `name` is what the block waits for. Only the main thread can do this.
    """

    def give_up(*_: object) -> None:
        raise UserError(f"{name}: not complete after {seconds:g} s")

    handlers = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.default_int_handler}
    previous = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    previous[signal.SIGALRM] = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in previous.items():
            signal.signal(number, handler)
