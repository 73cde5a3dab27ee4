"""The speed of the shipped file, of the float file of the same network, and of another detector where one is named."""

from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from octet.commands.benchmark.data import items_per_second
from octet.commands.benchmark.timing import median_seconds
from octet.common import device
from octet.common.machine import cores
from octet.common.silence import silence
from octet.data.reading.pictures import picture_batches
from octet.data.reading.records import read_pictures
from octet.tflite.running.running import Runner, run_tflite

_BATCH, _BATCHES = 32, 6


def file_rates(files: Mapping[str, Path], records: Path) -> dict[str, float]:
    """Pictures a second, one at a time and with a thread for each core: the median of a hundred runs.

    Each file is measured alone, and from the bytes of a JPEG to detections.
    """
    _, jpeg = next(read_pictures(records, "test"))
    rates = {}
    for name, file in files.items():
        with silence():
            interpreter = Interpreter(model_path=str(file), num_threads=cores())
            interpreter.allocate_tensors()
        rates[name] = 1 / median_seconds(interpreter.invoke)
        rates[f"{name}, from a JPEG"] = 1 / median_seconds(_from_jpeg(file, jpeg))
    return rates


def file_scoring_rates(file: Path, records: Path, size: int) -> dict[str, float]:
    """Pictures a second of a split, run as `evaluate` does: with an interpreter for each core."""
    device.choose("cpu", 1)
    pictures = picture_batches(records, "test", size, _BATCH).repeat().take(1 + _BATCHES)
    return {"file": _BATCH * items_per_second(run_tflite(file, pictures.as_numpy_iterator()))}


def _from_jpeg(file: Path, jpeg: bytes) -> Callable[[], object]:
    run = Runner(file, threads=cores())
    side = int(run.input_details["shape"][1])

    def run_once() -> object:
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)
        return run(cv2.resize(picture, (side, side)))

    return run_once
