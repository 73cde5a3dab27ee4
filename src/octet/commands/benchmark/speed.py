"""speed.json: how long this machine takes for one picture, file by file.

It lies in runs/, since no stage makes it: another machine, or a busier one, has other numbers.
"""

import io
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict, ValidationError

from octet.commands.ending.pictures import shown_pictures
from octet.common.files import require_output, sha256_of, write_json
from octet.common.machine import cpu_name
from octet.recipe.shared.recipe import Recipe
from octet.recipe.shared.types import Text
from octet.tflite.running.running import Runner
from octet.tflite.running.variants import KERAS, variant_files

_SECONDS, _LEAST_ROUNDS, _WARM_UP = 1.0, 5, 3


class FileSpeed(BaseModel):
    """The median time of a file for one picture, and which file that was."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: Text
    milliseconds: float


class Speed(BaseModel):
    """The content of speed.json: the machine, and each file's time on one of its cores."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    machine: Text
    files: dict[Text, FileSpeed]

    def __getitem__(self, variant: str) -> float:
        """The milliseconds of a variant."""
        return self.files[variant].milliseconds

    @property
    def gain(self) -> float:
        """How many times as fast as float32 the shipped file is."""
        return self["float32"] / self["uint8"]


def known_speed(recipe: Recipe) -> Speed:
    """The speed of the recipe's files here: as it was measured, or measured now if machine or files are others."""
    speed = _as_written(_place(recipe))
    if speed and speed.machine == cpu_name():
        hashes = {name: of.sha256 for name, of in speed.files.items()}
        if hashes == {name: sha256_of(file) for name, file in _files(recipe).items()}:
            return speed
    return measure_speed(recipe)


def measure_speed(recipe: Recipe) -> Speed:
    """Measure the recipe's files now, and write speed.json."""
    files = _files(recipe)
    picture, side = Image.open(io.BytesIO(shown_pictures(recipe)[0].jpeg)), recipe.model.input_size
    pixels = np.asarray(picture.convert("RGB").resize((side, side)), np.uint8)
    times = interleaved_milliseconds({name: Runner(file) for name, file in files.items()}, pixels)
    speed = Speed(
        machine=cpu_name(),
        files={name: FileSpeed(sha256=sha256_of(file), milliseconds=times[name]) for name, file in files.items()},
    )
    write_json(_place(recipe), speed.model_dump(mode="json"))
    return speed


def interleaved_milliseconds(runners: Mapping[str, Runner], picture: NDArray[np.uint8]) -> dict[str, float]:
    """The median time of each on one core, for a picture [S, S, 3]; they take turns, so that all have the same luck."""
    times: dict[str, list[float]] = {name: [] for name in runners}
    for runner in runners.values():
        for _ in range(_WARM_UP):
            runner(picture)
    end, rounds = time.perf_counter() + _SECONDS, 0
    while rounds < _LEAST_ROUNDS or time.perf_counter() < end:
        for name, runner in runners.items():
            start = time.perf_counter()
            runner(picture)
            times[name].append(time.perf_counter() - start)
        rounds += 1
    return {name: round(1000 * median(of), 4) for name, of in times.items()}


def _as_written(path: Path) -> Speed | None:
    try:
        return Speed.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):  # the second: of another version, or cut
        return None


def _files(recipe: Recipe) -> dict[str, Path]:
    files = variant_files(Path("models", recipe.name), recipe.shipped_file)
    return {name: require_output(file, f"convert@{recipe.name}") for name, file in files.items() if name not in KERAS}


def _place(recipe: Recipe) -> Path:
    return Path("runs", recipe.name, "speed.json")
