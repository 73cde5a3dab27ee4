"""Running a .tflite detector over pictures, one interpreter a core."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from octet.dataset.pixels import PIXEL_SCALE, PIXEL_ZERO
from octet.machine import cores
from octet.silence import silence

Outputs = list[NDArray[Any]]
Runner = Callable[[NDArray[np.uint8]], Outputs]


def run_tflite(file: Path, pictures: Iterable[NDArray[np.uint8]]) -> Iterator[tuple[NDArray[Any], ...]]:
    """The outputs, dequantized, for each batch of uint8 pictures [N, S, S, 3], stacked to [N, ...]."""
    idle: SimpleQueue[Runner] = SimpleQueue()
    with silence():  # the runtime announces its delegate
        for _ in range(cores()):
            idle.put(_runner(file))

    def one(picture: NDArray[np.uint8]) -> Outputs:
        run = idle.get()
        try:
            return run(picture)
        finally:
            idle.put(run)

    with ThreadPoolExecutor(cores()) as workers:
        for batch in pictures:
            yield tuple(np.stack(column) for column in zip(*workers.map(one, batch), strict=True))


def _runner(file: Path) -> Runner:
    interpreter = Interpreter(model_path=str(file), num_threads=1)
    interpreter.allocate_tensors()
    (takes,) = interpreter.get_input_details()
    gives = interpreter.get_output_details()

    def run(picture: NDArray[np.uint8]) -> Outputs:
        interpreter.set_tensor(takes["index"], as_input(picture[None], takes))
        interpreter.invoke()
        return [_dequantize(interpreter.get_tensor(output["index"]), output)[0] for output in gives]

    return run


def as_input(pixels: NDArray[np.uint8], takes: dict[str, Any]) -> NDArray[Any]:
    """Raw pixels as a file's input wants them: as they are, or normalised and, if need be, quantized."""
    scale, zero = takes["quantization"]
    if takes["dtype"] is np.uint8 and (scale, zero) == (1 / PIXEL_SCALE, PIXEL_ZERO):
        return pixels
    normal = (pixels.astype(np.float32) - PIXEL_ZERO) / PIXEL_SCALE
    if takes["dtype"] is np.float32:
        return normal
    limits = np.iinfo(takes["dtype"])
    return np.round(normal / scale + zero).clip(limits.min, limits.max).astype(takes["dtype"])


def _dequantize(tensor: NDArray[Any], details: dict[str, Any]) -> NDArray[Any]:
    scale, zero = details["quantization"]
    return (tensor.astype(np.float32) - zero) * np.float32(scale) if scale else tensor
