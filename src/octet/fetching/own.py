"""Files of the user's own, outside the repository: whether they are there, and whether they changed."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.request import url2pathname

from octet.common.errors import UserError
from octet.recipe.shared.dataset import Dataset


def own_places(dataset: Dataset) -> list[Path]:
    """The files and folders that a recipe reads where they lie, and that no SHA-256 in it speaks for."""
    files = [*dataset.source.files, *([dataset.pretrained] if dataset.pretrained else [])]
    named = (own_path(source) for file in files if file.sha256 is None for source in file.sources)
    return [*dataset.source.places, *filter(None, named)]


def own_path(source: str) -> Path | None:
    """The path that a source names, if it is one."""
    if source.startswith("file:///"):
        return Path(url2pathname(source.removeprefix("file://")))
    return None if "://" in source else Path(source)


def fingerprint(places: Iterable[Path]) -> str:
    """Changes when a file is written, added, removed or renamed; tells nothing of what is in it."""
    digest = hashlib.sha256()
    for path in (path for place in places for path in _everything(place)):
        if path.exists():
            state = path.stat()
            digest.update(os.fsencode(path) + f"\0{state.st_size}\0{state.st_ctime_ns}\n".encode())
    return digest.hexdigest()


def require_place(path: Path) -> Path:
    """The path, if there is something at it."""
    if path.exists():
        return path
    raise UserError(f"{path} is not there{why_hidden(path)}")


def why_hidden(path: Path) -> str:
    """What keeps this process from seeing a path that may be there, and what helps."""
    whole = path.resolve()
    if os.environ.get("OCTET_IMAGE") and not whole.is_relative_to(Path.cwd()):
        return f"; the container sees the repository alone: DOCKER_RUN_FLAGS='--volume {whole}:{whole}' adds to that"
    return ""


def _everything(place: Path) -> Iterator[Path]:
    """The place and all below it, also through links to folders, each folder once."""
    yield place
    seen = set()
    for folder, folders, files in os.walk(place, followlinks=True):
        if (real := os.path.realpath(folder)) in seen:
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        yield from (Path(folder, name) for name in sorted([*folders, *files]))
