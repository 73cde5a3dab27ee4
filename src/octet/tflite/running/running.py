"""Running a .tflite detector over pictures, one interpreter a core."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from octet.common.machine import cores
from octet.common.silence import silence
from octet.data.reading.pixels import PIXEL_SCALE, PIXEL_ZERO
from octet.tflite.running.tensors import dequantized, quantized

Outputs = list[NDArray[Any]]


def run_tflite(file: Path, pictures: Iterable[NDArray[np.uint8]]) -> Iterator[tuple[NDArray[Any], ...]]:
    """The outputs, dequantized, for each batch of uint8 pictures [N, S, S, 3], stacked to [N, ...]."""
    idle: SimpleQueue[Runner] = SimpleQueue()
    for _ in range(cores()):
        idle.put(Runner(file))

    def one(picture: NDArray[np.uint8]) -> Outputs:
        run = idle.get()
        try:
            return run(picture)
        finally:
            idle.put(run)

    with ThreadPoolExecutor(cores()) as workers:
        for batch in pictures:
            yield tuple(np.stack(column) for column in zip(*workers.map(one, batch), strict=True))


class Runner:
    """A file, and what a pixel means to it: (pixel - mean) / deviation."""

    def __init__(self, file: Path, mean: float = PIXEL_ZERO, deviation: float = PIXEL_SCALE, threads: int = 1) -> None:
        with silence():  # the runtime announces its delegate
            self._interpreter = Interpreter(model_path=str(file), num_threads=threads)
            self._interpreter.allocate_tensors()
        (self.takes,) = self._interpreter.get_input_details()
        self.gives = self._interpreter.get_output_details()
        self._mean, self._deviation = mean, deviation

    def __call__(self, picture: NDArray[np.uint8]) -> Outputs:
        """The outputs, dequantized, for a picture [S, S, 3]."""
        self._interpreter.set_tensor(self.takes["index"], self._input(picture[None]))
        self._interpreter.invoke()
        return [dequantized(self._interpreter.get_tensor(of["index"]), of)[0] for of in self.gives]

    def _input(self, pixels: NDArray[np.uint8]) -> NDArray[Any]:
        """Raw pixels as the input wants them: as they are, or normalised and, if need be, quantized."""
        means_pixels = self.takes["quantization"] in ((1 / self._deviation, self._mean), (0.0, 0))
        if self.takes["dtype"] is np.uint8 and means_pixels:
            return pixels
        return quantized((pixels.astype(np.float32) - self._mean) / self._deviation, self.takes)
