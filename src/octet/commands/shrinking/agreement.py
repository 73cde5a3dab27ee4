"""What a shrunk file is worth beside the float one: size, speed, and how far they agree."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from octet.commands.benchmark.timing import median_seconds
from octet.commands.shrinking.samples import Sample
from octet.common.errors import UserError, first_line
from octet.common.silence import silence
from octet.tflite.running.tensors import dequantized, quantized


@dataclass(frozen=True)
class Agreement:
    """How far two files give the same on the same samples."""

    top1: float | None  # share of samples whose largest value is at the same place; None where outputs are no lists
    mean_error: float
    max_error: float
    range: float  # of the float file's outputs: what the errors are to be seen against


def require_runnable(content: bytes, scheme: str) -> None:
    """Refuse a file that the runtime does."""
    try:
        _Runner(content)
    except RuntimeError as error:
        raise UserError(
            f"LiteRT refuses what was converted to {scheme}: {first_line(error)}: "
            "where the scheme has ranges, look at the samples that gave them; or take another scheme"
        ) from None


def agreement(reference: bytes, content: bytes, samples: Iterable[Sample]) -> Agreement:
    """Of a file with the float one."""
    exact, rounded = _Runner(reference), _Runner(content)
    errors, counts, largest, same, lowest, highest = 0.0, 0, 0.0, [], np.inf, -np.inf
    for sample in samples:
        expected, found = exact(sample), rounded(sample)
        for one, other in zip(expected, found, strict=True):
            difference = np.abs(other - one)
            errors, counts = errors + float(difference.sum()), counts + difference.size
            largest = max(largest, float(difference.max()))
            lowest, highest = min(lowest, float(one.min())), max(highest, float(one.max()))
        if len(expected) == 1 and expected[0].ndim == 2 and expected[0].shape[1] > 1:
            same.append(expected[0].argmax() == found[0].argmax())
    return Agreement(float(np.mean(same)) if same else None, errors / counts, largest, highest - lowest)


def median_ms(content: bytes, sample: Sample) -> float:
    """Of a hundred runs on one thread, after some to warm up."""
    run = _Runner(content)
    return 1000 * median_seconds(lambda: run(sample))


class _Runner:
    """A .tflite file that takes and gives floats, whatever it computes in; outputs in the order of their names."""

    def __init__(self, content: bytes) -> None:
        with silence():
            interpreter = Interpreter(model_content=content, num_threads=1)
            interpreter.allocate_tensors()
            self._run = interpreter.get_signature_runner()
        self._takes, self._gives = self._run.get_input_details(), self._run.get_output_details()

    def __call__(self, sample: Sample) -> list[NDArray[Any]]:
        given = {name: quantized(of, self._takes[name]) for name, of in sample.items()}
        return [dequantized(of, self._gives[name]) for name, of in sorted(self._run(**given).items())]
