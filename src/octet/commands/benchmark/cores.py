"""Measurements in a process of their own, which may use a given number of cores."""

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

Rates = dict[str, float]


def on_cores(count: int, measure: Callable[..., Rates], *arguments: Any) -> Rates:
    """Run `measure(*arguments)` on the first `count` of the cores that this process may use, and return its rates."""
    allowed = sorted(os.sched_getaffinity(0))[:count]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, initializer=os.sched_setaffinity, initargs=(0, allowed)) as process:
        return process.submit(measure, *arguments).result()
