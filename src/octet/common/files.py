"""Outputs that are complete or absent, after a power cut as well: written under a temporary name, then renamed."""

import csv
import errno
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from octet.common.errors import UserError, first_line

_BLOCK = 1 << 20  # bytes that are read at a time


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to; it is renamed to `path` if the block succeeds and deleted if it fails."""
    partial = path.with_name(path.name + ".partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial.unlink(missing_ok=True)  # a link would be written through
    try:
        yield partial
        _flush(partial)
        partial.replace(path)
        _flush(path.parent)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder to write into; it replaces `path` if the block succeeds and is deleted if it fails.

    Refused while another process writes it: DVC's own lock holds only between processes that can see one another, which
    two containers cannot.
    """
    partial, replaced = (path.with_name(path.name + ending) for ending in (".partial", ".replaced"))
    if partial.is_symlink() or not partial.is_dir():
        partial.unlink(missing_ok=True)  # a link would be written through
    partial.mkdir(parents=True, exist_ok=True)
    lock = os.open(partial, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise UserError(f"{path} is being written by another process: wait until it ends, or stop it") from None
    try:
        for left in partial.iterdir():  # by a process that was killed
            remove(left)
        yield partial
        for written in (*partial.rglob("*"), partial):
            _flush(written)
        remove(replaced)  # by a process that was killed
        if path.exists():
            path.rename(replaced)  # not removed first: that takes a while, and may fail halfway
        partial.rename(path)
        _flush(path.parent)
        remove(replaced)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        os.close(lock)


@contextmanager
def alone_in(folder: Path, what: str) -> Iterator[None]:
    """Make a folder, and hold a lock in it, which ends with this process; refused while another process has it."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise UserError(f"{folder}: another {what} is running here: wait until it ends, or stop it") from None
    try:
        yield
    finally:
        lock.release()


def remove(path: Path) -> None:
    """Remove a folder with all that is in it, or what lies in its place, if anything does."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Wait until what was written to a file, or which names a folder has, has reached the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # which a file system says that has no such operation for folders
            raise
    finally:
        os.close(descriptor)


def write_json(path: Path, content: Any, indent: int | None = 2) -> None:
    """Write `content` as JSON, atomically; keys keep their order."""
    with atomic_write(path) as partial:
        partial.write_text(json.dumps(content, indent=indent) + "\n")


def read_json(path: Path, made_by: str) -> Any:
    """Read the JSON file that the stage `made_by` writes."""
    try:
        return json.loads(require_output(path, made_by).read_text())
    except (ValueError, RecursionError) as error:  # not JSON, or not text
        raise UserError(f"{path}: {first_line(error)}: run `dvc repro {made_by}` again") from None


def read_rows(path: Path, made_by: str) -> list[dict[str, str]]:
    """Read the rows of the CSV file that the stage `made_by` writes; each maps column names to values."""
    with require_output(path, made_by).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV with the columns' names in its first line."""
    with atomic_write(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns)
        table.writerows(rows)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file of any size, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while block := content.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def require_output(path: Path, made_by: str) -> Path:
    """Return the path if it exists; otherwise raise an error that names the stage that makes it."""
    if not path.exists():
        raise UserError(f"{path} is missing: run `dvc repro {made_by}` first (it makes it)")
    return path
