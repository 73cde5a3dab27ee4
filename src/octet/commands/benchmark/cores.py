"""A measurement in a process of its own, which may use so many cores and no more."""

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

Rates = dict[str, float]


def on_cores(count: int, measure: Callable[..., Rates], *arguments: Any) -> Rates:
    """What `measure(*arguments)` finds on the first cores of those that this process may use."""
    chosen = sorted(os.sched_getaffinity(0))[:count]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, initializer=os.sched_setaffinity, initargs=(0, chosen)) as process:
        return process.submit(measure, *arguments).result()
