"""Running a .tflite file on pictures, with one interpreter a core."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from math import prod
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray

from octet.common.errors import UserError, first_line
from octet.common.files import require_output
from octet.common.machine import cores
from octet.common.silence import silence
from octet.data.reading.pixel_scale import PIXEL_SCALE, PIXEL_ZERO
from octet.tflite.running.tensors import dequantized, quantized

Outputs = list[NDArray[Any]]

# The runtime's implementations of operators, which round differently. XNNPACK's are its default, where it has them.
XNNPACK, BUILTIN, REFERENCE = "xnnpack", "builtin", "reference"
_RESOLVERS = {
    XNNPACK: OpResolverType.AUTO,
    BUILTIN: OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    REFERENCE: OpResolverType.BUILTIN_REF,
}

_MOST_VALUES = 2**28  # in a tensor: 1 GB in floats, of which a picture of 4096 x 4096 with 16 channels has all


def run_tflite(
    file: Path, pictures: Iterable[NDArray[np.uint8]], kernels: str = XNNPACK
) -> Iterator[tuple[NDArray[Any], ...]]:
    """Run a file on batches of uint8 pictures [N, S, S, 3]; yields the outputs [N, ...] of each batch, dequantized."""
    idle: SimpleQueue[Runner] = SimpleQueue()
    for _ in range(cores()):
        idle.put(Runner(file, kernels=kernels))

    def run(picture: NDArray[np.uint8]) -> Outputs:
        runner = idle.get()
        try:
            return runner(picture)
        finally:
            idle.put(runner)

    with ThreadPoolExecutor(cores()) as workers:
        for batch in pictures:
            yield tuple(np.stack(output) for output in zip(*workers.map(run, batch), strict=True))


def require_runnable(file: Path, made_by: str) -> Path:
    """Return the path of a .tflite file that runs; otherwise raise an error that names the stage that makes it."""
    try:
        run = Runner(require_output(file, made_by))
        run(np.zeros(run.input_details["shape"][1:], np.uint8))
    except (RuntimeError, TypeError, ValueError) as error:
        raise UserError(
            f"{file} cannot be used: {first_line(error)}: run `dvc repro {made_by}` to make it again"
        ) from None
    return file


def open_interpreter(content: bytes, threads: int = 1, kernels: str = XNNPACK) -> Interpreter:
    """An interpreter of a file's content, ready to run; a file that asks for more memory than pictures need is refused.

    Somebody else may have made the file: opening it can raise any error of the runtime.
    """
    with silence():  # the runtime announces its delegate
        interpreter = Interpreter(
            model_content=content, num_threads=threads, experimental_op_resolver_type=_RESOLVERS[kernels]
        )
        _refuse_large_tensors(interpreter)
        interpreter.allocate_tensors()
    return interpreter


class Runner:
    """Runs a .tflite file on one picture after the other; to the network a pixel means (pixel - mean) / deviation."""

    def __init__(self, file: Path, threads: int = 1, kernels: str = XNNPACK) -> None:
        self._interpreter = open_interpreter(file.read_bytes(), threads, kernels)
        (self.input_details,) = self._interpreter.get_input_details()
        self.output_details = self._interpreter.get_output_details()
        self._mean, self._deviation = PIXEL_ZERO, PIXEL_SCALE

    def __call__(self, picture: NDArray[np.uint8]) -> Outputs:
        """The outputs for a picture [S, S, 3], dequantized and without the axis of the batch."""
        self.put(picture)()
        return self.outputs()

    def put(self, picture: NDArray[np.uint8]) -> Callable[[], None]:
        """Give it a picture [S, S, 3]; what is returned runs the file on that, and does nothing else."""
        self._interpreter.set_tensor(self.input_details["index"], self.as_input(picture[None]))
        return self._interpreter.invoke

    def outputs(self) -> Outputs:
        """The outputs of the last run."""
        return [
            dequantized(self._interpreter.get_tensor(details["index"]), details)[0] for details in self.output_details
        ]

    def as_input(self, pixels: NDArray[np.uint8]) -> NDArray[Any]:
        """Pixels [N, S, S, 3] as the input takes them: raw, or normalized and, where it is quantized, quantized."""
        takes_raw_pixels = self.input_details["quantization"] in ((1 / self._deviation, self._mean), (0.0, 0))
        if self.input_details["dtype"] is np.uint8 and takes_raw_pixels:
            return pixels
        return quantized((pixels.astype(np.float32) - self._mean) / self._deviation, self.input_details)


def _refuse_large_tensors(interpreter: Interpreter) -> None:
    """Refuse a file whose own words ask for more memory than pictures need; the runtime would take it."""
    for details in interpreter.get_tensor_details():
        if prod(map(int, details["shape"])) > _MOST_VALUES:
            shape = " x ".join(map(str, details["shape"]))
            raise ValueError(f"its tensor {details['name']!r} has {shape} values; expected {_MOST_VALUES:,} at most")
