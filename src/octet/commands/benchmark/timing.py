"""The time of a function that has warmed up."""

import time
from collections.abc import Callable
from statistics import median

_WARM_UP, _RUNS = 10, 100


def median_seconds(run: Callable[[], object]) -> float:
    """How long a call of `run` takes: the median of a hundred, after ten to warm up."""
    times = []
    for _ in range(_WARM_UP + _RUNS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return median(times[_WARM_UP:])
