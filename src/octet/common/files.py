"""Outputs that are whole or absent: written beside their place, then renamed into it."""

import csv
import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from octet.common.errors import UserError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a path to write to; it becomes `path` when the block ends well and vanishes when it does not."""
    partial = path.with_name(path.name + ".partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Like `whole_file`, for a folder; what stood at `path` before is replaced."""
    partial = path.with_name(path.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        if path.exists():
            shutil.rmtree(path)
        partial.rename(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_json(path: Path, content: Any, indent: int | None = 2) -> None:
    """Write JSON; keys stay in the order in which they are told."""
    with whole_file(path) as partial:
        partial.write_text(json.dumps(content, indent=indent) + "\n")


def read_json(path: Path, made_by: str) -> Any:
    """What a stage wrote."""
    return json.loads(require(path, made_by).read_text())


def read_rows(path: Path, made_by: str) -> list[dict[str, str]]:
    """The rows of a CSV that a stage wrote, by its columns' names."""
    with require(path, made_by).open(newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV with the columns' names in its first line."""
    with whole_file(path) as partial, partial.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns)
        table.writerows(rows)


def require(path: Path, made_by: str) -> Path:
    """The path, if it is there; otherwise say which stage makes it."""
    if not path.exists():
        raise UserError(f"{path} is missing: run `dvc repro {made_by}` first (it makes it)")
    return path
