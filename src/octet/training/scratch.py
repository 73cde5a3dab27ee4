"""Where an unfinished training lives, so that a rerun finds it."""

import hashlib
import json
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import octet


@contextmanager
def unfinished(root: Path, inputs: Any, files: Iterable[Path]) -> Iterator[Path]:
    """A folder for checkpoints that only a training of the same inputs, files and code finds again; gone at the end."""
    folder = root / f"unfinished-{_fingerprint(inputs, files)}"
    for stale in root.glob("unfinished-*"):
        if stale != folder:
            print(f"{stale} was begun with other parameters, data or code: dropping it", flush=True)
            shutil.rmtree(stale)
    if not folder.exists():
        shutil.rmtree(root / "tensorboard", ignore_errors=True)
    shutil.rmtree(root / "ended", ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    yield folder
    # Renamed first: a kill while it is deleted must leave nothing that looks like a training to take up.
    ended = root / "ended"
    folder.rename(ended)
    shutil.rmtree(ended)


def _fingerprint(inputs: Any, files: Iterable[Path]) -> str:
    digest = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode())
    for path in [*sorted(files), *_code()]:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def _code() -> list[Path]:
    """The files of this package that the running script has imported: those that a training may depend on."""
    modules = [module for name, module in sys.modules.items() if name.partition(".")[0] == octet.__name__]
    return sorted(Path(module.__file__) for module in modules if module.__file__)
