"""Measurements in a process of their own, which may use a given number of cores."""

import json
import multiprocessing
import os
import socket
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from typing import Any

Rates = dict[str, float]


def on_cores(count: int, measure: Callable[..., Rates], *arguments: Any) -> Rates:
    """Run `measure(*arguments)` on the first `count` of the cores that this process may use, and return its rates."""
    allowed = sorted(os.sched_getaffinity(0))[:count]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, initializer=os.sched_setaffinity, initargs=(0, allowed)) as process:
        return process.submit(measure, *arguments).result()


def in_a_process(measure: Callable[..., Any], *arguments: Any) -> Any:
    """Run `measure(*arguments)` in a process of its own, in which TensorFlow starts anew, and return its result."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(measure, *arguments).result()


def on_a_core_each(count: int, measure: Callable[..., Rates], *arguments: Any) -> Rates:
    """Run `measure(*arguments)` in so many processes at once that train together, and return the first one's rates."""
    allowed = sorted(os.sched_getaffinity(0))[:count]
    addresses = _free_addresses(count)
    context = multiprocessing.get_context("spawn")
    with ExitStack() as at_the_end:
        rates = []
        for index, core in enumerate(allowed):
            task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
            start = (core, json.dumps(task))
            process = at_the_end.enter_context(ProcessPoolExecutor(1, context, initializer=_start, initargs=start))
            rates.append(process.submit(measure, *arguments))
        return rates[0].result()


def _start(core: int, tf_config: str) -> None:
    os.sched_setaffinity(0, [core])
    os.environ["TF_CONFIG"] = tf_config


def _free_addresses(count: int) -> list[str]:
    with ExitStack() as at_the_end:
        sockets = [at_the_end.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [f"127.0.0.1:{free.getsockname()[1]}" for free in sockets]
