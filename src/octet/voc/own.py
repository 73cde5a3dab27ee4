"""Files of the user's own, outside the repository: whether they are there, and whether they changed."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from octet.errors import UserError
from octet.recipe import Coco, Dataset, Folder, Voc


def own_places(dataset: Dataset) -> list[Path]:
    """The files and folders that a recipe reads where they lie, and that no SHA-256 in it speaks for."""
    match dataset.source:
        case Folder() as folder:
            return [folder.path]
        case Coco() as coco:
            return [path for of in coco.sets.values() for path in (of.instances, of.pictures)]
        case Voc() as voc:
            unknown = [of for file in voc.archives if file.sha256 is None for of in file.sources]
            return [Path(of) for of in unknown if "://" not in of]
    return []


def fingerprint(places: Iterable[Path]) -> str:
    """Changes when a file is written, added, removed or renamed; tells nothing of what is in it."""
    digest = hashlib.sha256()
    for path in (path for place in places for path in _everything(place)):
        state = path.stat()
        digest.update(f"{path}\0{state.st_size}\0{state.st_ctime_ns}\n".encode())
    return digest.hexdigest()


def require_place(path: Path) -> Path:
    """The path, if there is something at it."""
    if path.exists():
        return path
    raise UserError(f"{path} is not there{why_hidden(path)}")


def why_hidden(path: Path) -> str:
    """What keeps this process from seeing a path that may be there, and what helps."""
    if os.environ.get("OCTET_IMAGE") and not path.resolve().is_relative_to(Path.cwd()):
        return f"; the container sees the repository alone: DOCKER_RUN_FLAGS='--volume {path}:{path}' adds to that"
    return ""


def _everything(place: Path) -> Iterator[Path]:
    if place.exists():
        yield place
    yield from (path for path in sorted(place.rglob("*")) if path.exists())
