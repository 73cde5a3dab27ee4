"""A training that was stopped goes on from its last step: checkpoints that are whole, checked, and two in number."""

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
_NOTES = "notes"


class Checkpoints:
    """Saves variables, by name, and some notes that JSON can hold."""

    def __init__(
        self, folder: Path, training: str, variables: Mapping[str, Sequence[tf.Variable]], seconds: float = 240
    ) -> None:
        """`training` tells whose they are: one of another training is refused. One is due every `seconds`."""
        self._folder, self._training, self._seconds = folder, training, seconds
        self._variables = {
            f"{group}/{index:03d}": variable for group, of in variables.items() for index, variable in enumerate(of)
        }
        self._saved = time.monotonic()

    def due(self) -> bool:
        """Whether the last one is so old that another should be saved."""
        return time.monotonic() - self._saved >= self._seconds

    def save(self, step: int, notes: Mapping[str, Any]) -> None:
        """Write one, then remove those that it makes needless."""
        content = io.BytesIO()
        said = json.dumps({"training": self._training, "step": step, **notes})
        arrays: dict[str, Any] = {name: variable.numpy() for name, variable in self._variables.items()}
        arrays[_NOTES] = np.array(said)
        np.savez(content, allow_pickle=False, **arrays)
        with report_write_errors("a checkpoint"), atomic_write(self._folder / f"step-{step:09d}.npz") as partial:
            partial.write_bytes(content.getbuffer())
        for old in self._files()[:-_KEPT]:
            old.unlink()
        self._saved = time.monotonic()

    def restore(self) -> dict[str, Any] | None:
        """Take up the newest that is whole, and return its notes; say what is wrong with those that are not."""
        for file in reversed(self._files()):
            try:
                arrays, notes = self._read(file)
            except UserError as error:
                print(f"{error}: not going on from it", flush=True)
                file.rename(file.with_suffix(".refused"))
                continue
            for name, variable in self._variables.items():
                variable.assign(arrays[name])
            return notes
        return None

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("step-*.npz"))

    def _read(self, file: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """All that a checkpoint holds, before any of it is taken up."""
        try:
            with np.load(file) as held:
                arrays = {name: held[name] for name in held.files}
            notes = json.loads(str(arrays.pop(_NOTES)))
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
            raise UserError(f"{file} is damaged ({error})") from None
        if notes["training"] != self._training:
            raise UserError(f"{file} is of another training ({notes['training']}, this one is {self._training})")
        shapes = {name: variable.shape.as_list() for name, variable in self._variables.items()}
        if {name: list(array.shape) for name, array in arrays.items()} != shapes:
            raise UserError(f"{file} is of another network")
        return arrays, notes
