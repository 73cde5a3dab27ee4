"""What MediaPipe makes of a shipped file, which it runs in an environment of its own."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from conftest import ROOT
from octet.data.reading.pictures import picture_batches

_PYTHON = ROOT / ".venv" / "mediapipe-env" / "bin" / "python"
_ENLARGED = 8  # for MediaPipe's boxes are in whole pixels


def enlarged_test_pictures(recipe: str, side: int, count: int) -> list[np.ndarray]:
    """Those of a recipe's test split as the network sees them, each pixel made a square of many.

    Whatever way a square is sampled, it gives its pixel back: MediaPipe samples corners where we sample centres.
    """
    records = ROOT / "data" / recipe / "records"
    (seen,) = picture_batches(records, "test", side, count).take(1).as_numpy_iterator()
    return [picture.repeat(_ENLARGED, axis=0).repeat(_ENLARGED, axis=1) for picture in seen]


def ask_mediapipe(script: str, model: Path, pictures: list[np.ndarray], folder: Path) -> list[list[tuple[Any, ...]]]:
    """The rows that a script of tests/others prints for each picture."""
    np.savez(folder / "pictures.npz", pictures=np.stack(pictures))
    command = [_PYTHON, ROOT / "tests" / "others" / script, model, folder / "pictures.npz"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return [[(*row,) for row in rows] for rows in json.loads(result.stdout)]
