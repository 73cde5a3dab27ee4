"""The folder where an unfinished training keeps its checkpoints, so that a rerun continues from them."""

import hashlib
import json
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import octet
from octet.common.files import alone_in, remove

_PACKAGES = ("tensorflow", "tf_keras", "tensorflow-model-optimization", "numpy")  # those that compute


@contextmanager
def checkpoint_folder(root: Path, inputs: Any, files: Iterable[Path]) -> Iterator[Path]:
    """A folder for checkpoints below `root`, removed when the context ends without an error.

    Only a training with the same inputs, the same content of `files`, the same code and the same packages finds the
    same folder again; folders of other trainings are removed. One training at a time runs below `root`.
    """
    with alone_in(root, "training"):
        folder = root / f"unfinished-{fingerprint(inputs, files)}"
        for stale in root.glob("unfinished-*"):
            if stale != folder:
                print(f"{stale} was begun with other parameters, data, code or packages: dropping it", flush=True)
                remove(stale)
        ended = root / "ended"
        remove(ended)
        if not folder.exists():
            remove(root / "tensorboard")
        folder.mkdir(exist_ok=True)
        yield folder
        # Renamed first: a kill while it is deleted must leave no folder that looks like an unfinished training.
        folder.rename(ended)
        shutil.rmtree(ended)


def fingerprint(inputs: Any, files: Iterable[Path]) -> str:
    """Twelve hexadecimal digits that change with the inputs, the files' content, the code and the packages."""
    digest = hashlib.sha256(json.dumps([inputs, [*map(version, _PACKAGES)]], sort_keys=True).encode())
    for path in [*sorted(files), *_imported_files()]:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def _imported_files() -> list[Path]:
    """The running script, and what it has imported of this package: the code that a training may depend on."""
    own = [module for name, module in sys.modules.items() if name.partition(".")[0] in ("__main__", octet.__name__)]
    files = [getattr(module, "__file__", None) for module in own]
    return sorted(Path(file) for file in files if file)
