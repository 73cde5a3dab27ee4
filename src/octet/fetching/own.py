"""Local files of the user that a recipe reads: whether they exist, and whether they changed."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.request import url2pathname

from octet.common.errors import UserError
from octet.recipe.shared.dataset import Dataset


def local_paths(dataset: Dataset) -> list[Path]:
    """List the local files and folders that a recipe reads and for which it gives no SHA-256."""
    files = [*dataset.source.files, *([dataset.pretrained] if dataset.pretrained else [])]
    local = (local_path(source) for file in files if file.sha256 is None for source in file.sources)
    return [*dataset.source.paths, *filter(None, local)]


def local_path(source: str) -> Path | None:
    """Return the path that a source of a file names, or None if the source is a URL."""
    if source.startswith("file:///"):
        return Path(url2pathname(source.removeprefix("file://")))
    return None if "://" in source else Path(source)


def fingerprint(paths: Iterable[Path], most: int = 5_000_000) -> str:
    """Compute a hash that changes when a file at or below the paths is written, added, removed or renamed.

    There may be at most so many files and folders at and below each path.
    """
    digest = hashlib.sha256()
    for path in paths:
        for number, file in enumerate(_walk(path)):
            if number == most:
                raise UserError(f"{path}: has more than {most} files and folders, also by links; name one with less")
            try:
                state = file.stat()
            except OSError:  # a link that leads nowhere, or what is gone by now
                continue
            digest.update(os.fsencode(file) + f"\0{state.st_size}\0{state.st_ctime_ns}\n".encode())
    return digest.hexdigest()


def require_path(path: Path) -> Path:
    """Return the path if a file or folder exists there; otherwise raise a UserError."""
    if is_pipe_or_device(path):
        raise UserError(f"{path}: is a pipe or a device; expected a file or a folder")
    if path.exists():
        return path
    raise UserError(f"{path} does not exist{container_hint(path)}")


def is_pipe_or_device(path: Path) -> bool:
    """Whether what exists at a path has no end, and perhaps no beginning."""
    return path.exists() and not path.is_file() and not path.is_dir()


def container_hint(path: Path) -> str:
    """Explain how to show a path outside the repository to the container; empty outside of the container."""
    absolute = path.resolve()
    if os.environ.get("OCTET_IMAGE") and not absolute.is_relative_to(Path.cwd()):
        return f"; the container sees the repository alone: DOCKER_RUN_FLAGS='--volume {absolute}:{absolute}' adds this"
    return ""


def _walk(path: Path) -> Iterator[Path]:
    """Yield the path and all that is below it; links to folders are followed, but each folder is read once."""
    yield path
    top, visited = path.resolve(), set()
    for folder, folders, files in os.walk(path, followlinks=True):
        if (real := os.path.realpath(folder)) in visited:
            folders.clear()
            continue
        if real != str(top) and top.is_relative_to(real):
            raise UserError(f"{folder}: is a link to {real}, which holds {path} itself; remove it")
        visited.add(real)
        folders.sort()
        yield from (Path(folder, name) for name in sorted([*folders, *files]))
