"""Processes for work that may crash, fill the memory or never end, so that the one that the user started stays."""

import multiprocessing
import resource
import signal
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

import psutil

from octet.common.errors import UserError


def run_in_child(
    work: Callable[..., None], arguments: tuple[Any, ...], patience: float, name: str
) -> dict[str, Any] | str:
    """What a process sends that runs `work(sender, *arguments)`; it is ended when it takes too long.

    An error about it begins with the name of what it works on.
    """
    # Spawned, not forked: a fork of a process in which TensorFlow has run hangs.
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(sender, *arguments))
    try:
        start_without_interrupts(process)
        sender.close()
        if not receiver.poll(patience):
            raise UserError(f"{name}: has not come to an end after {patience:.0f} s: a loop in it may never end")
        return receiver.recv()
    except EOFError:
        process.join()
        raise UserError(f"{name}: the process that ran it died ({_death(process.exitcode or 0)})") from None
    finally:
        if process.is_alive():
            process.kill()
            process.join()


def start_without_interrupts(process: BaseProcess) -> None:
    """Start a process that ignores Ctrl-C from its first instruction: the parent ends it."""
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process.start()
    finally:
        signal.signal(signal.SIGINT, handler)


def limit_memory() -> None:
    """Let allocations fail beyond the memory that is free now, before the system ends other people's processes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limits = (limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY)
    resource.setrlimit(resource.RLIMIT_DATA, (min([psutil.virtual_memory().available, *limits]), hard))


def _death(exit_code: int) -> str:
    if exit_code == -signal.SIGKILL:
        return "SIGKILL, most likely for want of memory"
    return f"{signal.Signals(-exit_code).name}: the file may be damaged" if exit_code < 0 else f"exit code {exit_code}"
