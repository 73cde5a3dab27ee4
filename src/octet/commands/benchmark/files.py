"""The speed of the shipped file, of the float file of the same network, and of another detector where one is named."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from octet.commands.benchmark.data import full_batches, items_per_second
from octet.commands.benchmark.timing import median_seconds
from octet.common import device
from octet.common.machine import cores
from octet.data.reading.records import read_pictures
from octet.tflite.opening.picture_runner import PictureRunner
from octet.tflite.running.running import Runner, run_tflite

PEER = "peer"  # the name of a detector from elsewhere, among the recipe's files

_BATCH, _BATCHES = 32, 6


def open_peer(file: Path, pixels: str | None, threads: int = 1) -> PictureRunner:
    """A detector from elsewhere; how long it takes for what it finds depends on pixels in the scale that it expects."""
    run = PictureRunner(file, "a detector", threads)
    run.take_pixels(pixels)
    return run


def file_rates(files: Mapping[str, Path], records: Path, pixels: str | None) -> dict[str, float]:
    """Pictures a second, one at a time and with a thread for each core: the median of a hundred runs.

    Each file is measured alone, and from the bytes of a JPEG to detections; `pixels` says how PEER expects them.
    """
    _, jpeg = next(read_pictures(records, "test"))
    rates = {}
    for name, file in files.items():
        run = open_peer(file, pixels, cores()) if name == PEER else Runner(file, threads=cores())
        rates[name] = 1 / median_seconds(run.put(_picture(jpeg, run)))
        rates[f"{name}, from a JPEG"] = 1 / median_seconds(partial(_run_on, jpeg, run))
    return rates


def file_scoring_rates(file: Path, records: Path, size: int) -> dict[str, float]:
    """Pictures a second of a split, run as `evaluate` does: with an interpreter for each core."""
    device.choose("cpu", 1)
    pictures = full_batches(records, size, _BATCH, 1 + _BATCHES)
    return {"file": _BATCH * items_per_second(run_tflite(file, pictures.as_numpy_iterator()))}


def _run_on(jpeg: bytes, run: Runner) -> None:
    run(_picture(jpeg, run))


def _picture(jpeg: bytes, run: Runner) -> Any:
    """The picture [S, S, 3] in a JPEG, as large as a file takes it."""
    side = int(run.input_details["shape"][1])
    return cv2.resize(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB), (side, side))
