"""Waiting for somebody else, such as a server, with an end."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from octet.common.errors import UserError

_REQUESTS_TO_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_AGAIN = 1.0  # s, since an exception that a signal raises in a destructor is lost


@contextmanager
def limited_wait(name: str, seconds: float = 0) -> Iterator[None]:
    """Let a request to stop interrupt the block at once, and raise a UserError when it takes longer; 0 is no limit.

    `name` is what the block waits for. Only the main thread can do this.
    """

    def give_up(*_: object) -> None:
        raise UserError(f"{name}: not complete after {seconds:g} s")

    heeded = [number for number in _REQUESTS_TO_STOP if signal.getsignal(number) is not signal.SIG_IGN]
    previous = {number: signal.signal(number, signal.default_int_handler) for number in heeded}
    previous[signal.SIGALRM] = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in previous.items():
            signal.signal(number, handler)
