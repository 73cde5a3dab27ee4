"""Where an unfinished training lives, so that a rerun finds it."""

import hashlib
import json
import shutil
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
            shutil.rmtree(stale)
    if not folder.exists():
        shutil.rmtree(root / "tensorboard", ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    yield folder
    shutil.rmtree(folder)


def _fingerprint(inputs: Any, files: Iterable[Path]) -> str:
    digest = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode())
    code = Path(octet.__file__).parent.rglob("*.py")
    for path in [*sorted(files), *sorted(code)]:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]
