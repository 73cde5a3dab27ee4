"""Checkpoints, from which a stopped training continues: written whole, checked when read, the last two kept."""

import io
import json
import time
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octet.common.errors import UserError
from octet.common.files import atomic_write
from octet.common.tensorflow import report_write_errors, tf

_KEPT = 2
_STATE = "state"  # the array that holds it, beside those of the variables


class Checkpoints:
    """Saves a training's variables, and its state as JSON, and restores both from the newest whole checkpoint."""

    def __init__(
        self, folder: Path, training: str, variables: Mapping[str, Sequence[tf.Variable]], seconds: float = 240
    ) -> None:
        """`training` identifies a training: checkpoints of any other are refused. One is due every `seconds`."""
        self._folder, self._training, self._seconds = folder, training, seconds
        self._variables = {
            f"{group}/{index:03d}": variable
            for group, members in variables.items()
            for index, variable in enumerate(members)
        }
        self._saved = time.monotonic()

    def is_due(self) -> bool:
        """Whether the last checkpoint is so old that another should be saved."""
        return time.monotonic() - self._saved >= self._seconds

    def save(self, step: int, state: Mapping[str, Any]) -> None:
        """Write a checkpoint of a step, then remove all but the last two."""
        content = io.BytesIO()
        arrays: dict[str, Any] = {name: variable.numpy() for name, variable in self._variables.items()}
        arrays[_STATE] = np.array(json.dumps({"training": self._training, "step": step, **state}))
        np.savez(content, allow_pickle=False, **arrays)
        with report_write_errors("a checkpoint"), atomic_write(self._folder / f"step-{step:09d}.npz") as partial:
            partial.write_bytes(content.getbuffer())
        for old in self._files()[:-_KEPT]:
            old.unlink()
        self._saved = time.monotonic()

    def restore(self) -> dict[str, Any] | None:
        """Assign the variables of the newest whole checkpoint, and return its state; None where there is none.

        What is wrong with a newer one is printed, and the file renamed to .refused.
        """
        for file in reversed(self._files()):
            try:
                arrays, state = self._read(file)
            except UserError as error:
                print(f"{error}: not going on from it", flush=True)
                file.rename(file.with_suffix(".refused"))
                continue
            for name, variable in self._variables.items():
                variable.assign(arrays[name])
            return state
        return None

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("step-*.npz"))

    def _read(self, file: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """The arrays and the state of a checkpoint, checked before any variable is assigned."""
        try:
            with np.load(file) as archive:
                arrays = {name: archive[name] for name in archive.files}
            state = json.loads(str(arrays.pop(_STATE)))
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
            raise UserError(f"{file} is damaged ({error})") from None
        if state["training"] != self._training:
            raise UserError(f"{file} is of another training ({state['training']}, this one is {self._training})")
        shapes = {name: variable.shape.as_list() for name, variable in self._variables.items()}
        if {name: list(array.shape) for name, array in arrays.items()} != shapes:
            raise UserError(f"{file} is of another network")
        return arrays, state
