"""The time of each operator of a file, from the times of the file cut after it.

The pieces take turns, in a new order each round, so that a slow moment of the machine meets all of them alike. A longer
piece that measured shorter than a shorter one shares its time with it, so that no operator takes less than nothing.
"""

import random
import time
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from octet.common.errors import UserError
from octet.tflite.cutting.cutting import CuttableFile
from octet.tflite.running.running import open_interpreter

_WARM_UP, _RUNS = 1, 5  # each time that a piece is opened
_LEAST_ROUNDS, _MOST_ROUNDS = 3, 20


@dataclass(frozen=True)
class Times:
    """The seconds of each operator and of the whole file: medians over so many rounds."""

    operators: NDArray[np.float64]
    whole: float
    rounds: int


def time_operators(content: bytes, threads: int, seconds: float) -> Times:
    """Time the pieces of a file for about so many seconds; too few for three rounds are a UserError."""
    deadline = time.perf_counter() + seconds
    file = CuttableFile(content)
    count = len(file.operators)
    if not count:
        raise UserError("it has no operators")

    def time_piece(operators: int) -> float:
        return _fastest_run(content if operators == count else file.after(operators), threads)

    start = time.perf_counter()
    time_piece(count)
    _require_time(count, time.perf_counter() - start, seconds)
    pieces, samples = list(range(1, count + 1)), [list[float]() for _ in range(count)]
    rounds, spent, order = 0, 0.0, random.Random(0)
    while rounds < _LEAST_ROUNDS or (rounds < _MOST_ROUNDS and time.perf_counter() + spent < deadline):
        start = time.perf_counter()
        order.shuffle(pieces)
        for piece in pieces:
            samples[piece - 1].append(time_piece(piece))
        rounds, spent = rounds + 1, time.perf_counter() - start
    medians = [median(times) for times in samples]
    return Times(operator_times(medians), medians[-1], rounds)


def operator_times(pieces: list[float]) -> NDArray[np.float64]:
    """The time of each operator, from those of the pieces that end with it, brought into an order that never falls."""
    return np.diff(isotonic_regression(pieces).x, prepend=0.0)


def _fastest_run(content: bytes, threads: int) -> float:
    """The time of the run that was disturbed least."""
    interpreter = open_interpreter(content, threads)
    _fill_inputs(interpreter)
    times = []
    for _ in range(_WARM_UP + _RUNS):
        start = time.perf_counter()
        interpreter.invoke()
        times.append(time.perf_counter() - start)
    return min(times[_WARM_UP:])


def _fill_inputs(interpreter: Interpreter) -> None:
    """Noise for all inputs; numbers that may be indices, which have no quantization, are zeros."""
    for details in interpreter.get_input_details():
        interpreter.set_tensor(details["index"], _noise(details))


def _noise(details: dict[str, Any]) -> NDArray[Any]:
    kind, shape = np.dtype(details["dtype"]), details["shape"]
    noise = np.random.default_rng(0)
    if kind.kind == "f":
        return noise.uniform(-1, 1, shape).astype(kind)
    if kind.kind in "iu" and kind.itemsize == 1:
        limits = np.iinfo(kind)
        return noise.integers(limits.min, limits.max, shape, kind, endpoint=True)
    return np.zeros(shape, kind)


def _require_time(count: int, whole: float, seconds: float) -> None:
    """Refuse a file of which so many pieces, on average half as long as the whole, take too long."""
    needed = _LEAST_ROUNDS * count * whole / 2
    if needed > seconds:
        raise UserError(
            f"it has {count} operators and takes {whole / (_WARM_UP + _RUNS):.2g} s; {_LEAST_ROUNDS} rounds need about "
            f"{needed:.0f} s, and it may take {seconds:g}: allow more with --seconds {np.ceil(1.5 * needed):.0f}"
        )
