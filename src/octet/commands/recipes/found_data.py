"""What the recognition of own data has in common, whatever the data: the folders at some paths, and what is found."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

_DEEPEST = 3  # folders below a path that are looked into


@dataclass(frozen=True)
class OwnData:
    """Data that a recipe can name: its kind in words, and `dataset.source` and `dataset.splits` of params.yaml."""

    kind: str
    source: Mapping[str, Any]
    splits: Mapping[str, Any]


@dataclass(frozen=True)
class Listed:
    """A folder, and the names of the files that lie directly in it, without pipes and devices."""

    path: Path
    files: Sequence[str]

    def has(self, suffixes: Sequence[str]) -> bool:
        return bool(self.stems_of(suffixes))

    def stems_of(self, suffixes: Sequence[str]) -> set[str]:
        return {name.rpartition(".")[0] for name in self.files if name.lower().rpartition(".")[2] in suffixes}

    @cached_property
    def stems(self) -> set[str]:
        return {name.rpartition(".")[0] for name in self.files}


def list_folders(paths: Sequence[Path]) -> Iterator[Listed]:
    """The paths that are folders and those below, from the top; hidden ones are left out."""
    for top in filter(Path.is_dir, paths):
        for folder, below, files in os.walk(top, onerror=_raise):
            depth = len(Path(folder).relative_to(top).parts)
            below[:] = [] if depth == _DEEPEST else sorted(name for name in below if not name.startswith("."))
            shown = sorted(name for name in files if not name.startswith("."))
            yield Listed(Path(folder), [name for name in shown if Path(folder, name).is_file()])


def _raise(error: OSError) -> None:
    raise error


# (the paths that the user gave, the folders there) -> the data, or None if it is of another kind
Recognize = Callable[[Sequence[Path], Sequence[Listed]], OwnData | None]
