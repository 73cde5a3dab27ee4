"""Checkpoints, from which a stopped training continues: written whole, verified when read, the last two kept."""

import hashlib
import io
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octet.common.errors import UserError
from octet.common.files import atomic_write
from octet.common.replicas import assign_locally, local_value
from octet.common.tensorflow import report_write_errors, tf

_KEPT = 2
_HASH = hashlib.sha256().digest_size  # bytes at the start of a file: the hash of all others, which are an .npz file
_STATE, _BEST = "state", "best"  # the arrays that hold them, beside those of the variables


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

    def save(self, step: int, state: Mapping[str, Any], best: bytes) -> None:
        """Write a checkpoint of a step, with the best weights so far, then remove all but the last two."""
        content = io.BytesIO()
        arrays: dict[str, Any] = {name: local_value(variable).numpy() for name, variable in self._variables.items()}
        arrays[_STATE] = np.array(json.dumps({"training": self._training, "step": step, **state}))
        arrays[_BEST] = np.frombuffer(best, np.uint8)
        np.savez(content, allow_pickle=False, **arrays)
        file = self._folder / f"step-{step:09d}.checkpoint"
        with report_write_errors("a checkpoint"), atomic_write(file) as partial, partial.open("wb") as out:
            out.write(hashlib.sha256(content.getbuffer()).digest())
            out.write(content.getbuffer())
        for old in self._files()[:-_KEPT]:
            old.unlink()
        self._saved = time.monotonic()

    def restore(self) -> tuple[dict[str, Any], bytes] | None:
        """Assign the variables of the newest whole checkpoint, and return its state and the best weights.

        What is wrong with any checkpoint is printed, and it is renamed to .refused. None where none is whole.
        """
        files, newest = self._files(), None
        for file in files:
            try:
                newest = self._read(file)
            except UserError as error:
                print(f"{error}: not going on from it", flush=True)
                file.rename(file.with_suffix(".refused"))
        if newest is None:
            if files:
                print("no checkpoint is left: beginning anew", flush=True)
            return None
        arrays, state, best = newest
        for name, variable in self._variables.items():
            assign_locally(variable, arrays[name])
        return state, best

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("step-*.checkpoint"))

    def _read(self, file: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any], bytes]:
        """The arrays, the state and the best weights of a checkpoint, checked before any variable is assigned."""
        if not file.is_file():  # a pipe would never end
            raise UserError(f"{file} is no file")
        try:
            content = memoryview(file.read_bytes())
        except OSError as error:
            raise UserError(f"{file} is unreadable ({error.strerror})") from None
        if hashlib.sha256(content[_HASH:]).digest() != content[:_HASH]:
            raise UserError(f"{file} is damaged")
        with np.load(io.BytesIO(content[_HASH:])) as archive:
            arrays = {name: archive[name] for name in archive.files}
        state, best = json.loads(str(arrays.pop(_STATE))), arrays.pop(_BEST).tobytes()
        if state["training"] != self._training:
            raise UserError(f"{file} is of another training ({state['training']}, this one is {self._training})")
        shapes = {name: variable.shape.as_list() for name, variable in self._variables.items()}
        if {name: list(array.shape) for name, array in arrays.items()} != shapes:
            raise UserError(f"{file} is of another network")
        return arrays, state, best
